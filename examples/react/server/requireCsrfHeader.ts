import type { MiddlewareHandler } from 'hono';

/**
 * Guards against cross-site request forgery. A request that changes state must carry a header that a form cannot send, and that
 * a page of another origin can send only after a preflight. This server answers no preflight.
 */
export const requireCsrfHeader: MiddlewareHandler = async (context, next) => {
  const isAllowed = context.req.method === 'GET' || context.req.header('x-requested-with') === 'latchkey-example';
  return isAllowed ? next() : context.text('The header x-requested-with is missing.', 403);
};

import type { MiddlewareHandler } from 'hono';

/**
 * What changes something must carry a header that no form can send, and no foreign page without a preflight; and no
 * preflight is answered here. So a forged request from another site stops at the browser.
 */
export const ownPagesOnly: MiddlewareHandler = async (context, next) => {
  const isOurs = context.req.method === 'GET' || context.req.header('x-requested-with') === 'latchkey-example';
  return isOurs ? next() : context.text('The header x-requested-with is missing.', 403);
};

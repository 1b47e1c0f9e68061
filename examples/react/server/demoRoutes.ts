import { type Context, Hono } from 'hono';
import type { Apis } from './startApis.ts';

/** Controls for each API: counters to read and faults to cause. */
export function demoRoutes(apis: Apis): Hono {
  const routes = new Hono();
  for (const [name, api] of Object.entries(apis)) {
    const addControl = (path: string, act: (context: Context) => void | Promise<void>) =>
      routes.post(`/${name}/${path}`, async context => {
        await act(context);
        return context.body(null, 204);
      });
    routes
      .get(`/${name}/users`, context => context.json(api.users))
      .get(`/${name}/stats`, context =>
        context.json({ ...api.stats(), isDown: api.isDown(), isHiding: api.isHiding() }),
      );
    addControl('expire', api.expireTokens);
    addControl('revoke', api.revokeSessions);
    addControl('down', async context => api.takeDown((await secondsIn(context)) * 1000));
    addControl('lifetime', async context => api.setLifetime(Math.max(await secondsIn(context), 1) * 1000));
    addControl('hide', async context => api.hideTokens?.((await bodyOf(context)).on === true));
  }
  return routes;
}

const bodyOf = async (context: Context) =>
  (await context.req.json()) as { readonly seconds?: unknown; readonly on?: unknown };

async function secondsIn(context: Context): Promise<number> {
  const { seconds } = await bodyOf(context);
  return Math.min(Math.max(Number(seconds) || 0, 0), 3600);
}

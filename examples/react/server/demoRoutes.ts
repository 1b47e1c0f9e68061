import { Hono } from 'hono';
import type { Apis } from './startApis.ts';

/** What the page needs to make somebody's day bad, and to see it: one set of controls for each API. */
export function demoRoutes(apis: Apis): Hono {
  const routes = new Hono();
  for (const [name, api] of Object.entries(apis)) {
    const seconds = async (request: { json(): Promise<unknown> }) => {
      const body = (await request.json()) as { seconds?: unknown };
      return Math.min(Math.max(Number(body.seconds) || 0, 0), 3600);
    };
    routes
      .get(`/${name}/users`, context => context.json(api.users))
      .get(`/${name}/stats`, context => context.json({ ...api.stats(), isDown: api.isDown() }))
      .post(`/${name}/kill`, context => {
        api.kill();
        return context.body(null, 204);
      })
      .post(`/${name}/revoke`, context => {
        api.revoke();
        return context.body(null, 204);
      })
      .post(`/${name}/down`, async context => {
        api.takeDown((await seconds(context.req)) * 1000);
        return context.body(null, 204);
      })
      .post(`/${name}/lifetime`, async context => {
        api.setLifetime(Math.max(await seconds(context.req), 1) * 1000);
        return context.body(null, 204);
      });
  }
  return routes;
}

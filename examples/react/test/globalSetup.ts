import type { TestProject } from 'vitest/node';
import { startApp } from '../server/startApp.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly origin: string;
  }
}

/** The real server for the tests that render the page in a simulated browser: its own realm would confuse the server. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const app = await startApp({ port: 0 });
  project.provide('origin', app.origin);
  return app.close;
}

import type { TestProject } from 'vitest/node';
import { startApp } from '../server/startApp.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly origin: string;
  }
}

/** The server for the tests in happy-dom. It runs outside of them, because happy-dom replaces globals that the server needs. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const app = await startApp({ port: 0 });
  project.provide('origin', app.origin);
  return app.close;
}

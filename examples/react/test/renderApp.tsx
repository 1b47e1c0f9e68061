import { configure, render, screen, within } from '@testing-library/react';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import type { DetachedWindowAPI } from 'happy-dom';
import { inject } from 'vitest';
import { App } from '../src/App.tsx';
import { createApis } from '../src/apis.ts';
import { type DemoServer, demoServer } from '../src/demoServer.ts';

declare global {
  interface Window {
    readonly happyDOM: DetachedWindowAPI;
  }
}

configure({ asyncUtilTimeout: 20_000 });

// happy-dom's classes do not say their names, by which oauth4webapi tells headers from plain objects
for (const each of [Headers, Request, Response]) {
  Object.defineProperty(each.prototype, Symbol.toStringTag, { value: each.name, configurable: true });
}

export type ApiTitle = 'OLI' | 'CollectiveAccess' | 'Cookie';

/** The page as a user has it after opening it and choosing an API. */
export async function renderApp(title: ApiTitle = 'OLI'): Promise<UserEvent> {
  window.happyDOM.setURL(`${inject('origin')}/`);
  render(<App />);
  const user = userEvent.setup();
  await user.click(screen.getByRole('radio', { name: new RegExp(`^${title}`) }));
  return user;
}

export async function signIn(user: UserEvent, name = 'Mara Quill'): Promise<void> {
  await user.selectOptions(await findUsers(), name);
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  await screen.findByRole('heading', { name: `Signed in as ${name}` });
}

/** The list of demo users, once it is filled. */
export async function findUsers(): Promise<HTMLElement> {
  const list = await screen.findByRole('combobox', { name: 'Demo user' });
  await within(list).findAllByRole('option');
  return list;
}

export function panel(name: 'Apollo Client' | 'urql'): ReturnType<typeof within> {
  return within(screen.getByRole('article', { name }));
}

/** The controls of the server, without the page. */
export function serverOf(title: ApiTitle = 'OLI'): DemoServer {
  const api = createApis(inject('origin')).find(each => each.title === title);
  if (!api) throw new Error(`There is no API ${title}`);
  return demoServer(api);
}

import { configure, render, screen, within } from '@testing-library/react';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import type { DetachedWindowAPI } from 'happy-dom';
import { inject } from 'vitest';
import { App } from '../src/App.tsx';
import { findAddresses } from '../src/addresses.ts';
import { type Api, createApis } from '../src/apis.ts';
import { type DemoServer, demoServer } from '../src/demoServer.ts';
import { choices, clients } from './choices.ts';

declare global {
  interface Window {
    readonly happyDOM: DetachedWindowAPI;
  }
}

configure({ asyncUtilTimeout: 120_000 });

// oauth4webapi recognises these classes by `Symbol.toStringTag`, which happy-dom's do not have.
for (const each of [Headers, Request, Response]) {
  Object.defineProperty(each.prototype, Symbol.toStringTag, { value: each.name, configurable: true });
}

/** Renders the page and chooses an API. */
export async function renderApp(title = 'OLI', given?: readonly Api[]): Promise<UserEvent> {
  render(<App apis={given ?? (await apis())} />);
  const user = userEvent.setup();
  await user.click(screen.getByRole('radio', { name: new RegExp(`^${title}`) }));
  return user;
}

/** The APIs of the page, at the origin of its server. */
export async function apis(): Promise<readonly Api[]> {
  window.happyDOM.setURL(`${inject('origin')}/`);
  return createApis(await findAddresses(inject('origin')));
}

/** Signs in, and waits until both clients show items. */
export async function signIn(user: UserEvent, name = 'Mara Quill'): Promise<void> {
  await user.selectOptions(await findUsers(), name);
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  await screen.findByRole('heading', { name: `Signed in as ${name}` });
  const { owner = name } = choices.find(each => each.user === name) ?? {};
  for (const client of clients) await panel(client).findAllByText(`seen by ${owner}`);
}

export async function signOut(user: UserEvent): Promise<void> {
  await user.click(screen.getByRole('button', { name: 'Sign out' }));
  await findUsers();
}

/** The list of demo users, once it is filled. */
export async function findUsers(): Promise<HTMLElement> {
  const list = await screen.findByRole('combobox', { name: 'Demo user' });
  await within(list).findAllByRole('option');
  return list;
}

export function panel(name: (typeof clients)[number]): ReturnType<typeof within> {
  return within(screen.getByRole('article', { name }));
}

/** The controls of the server, without the page. */
export async function serverOf(title = 'OLI'): Promise<DemoServer> {
  const api = (await apis()).find(({ texts }) => texts.title === title);
  if (!api) throw new Error(`The page has no API ${title}.`);
  return demoServer(api);
}

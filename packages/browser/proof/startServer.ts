import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';

/** The tokens of one sign-in. */
interface Family {
  readonly user: string;
  /** The only refresh token that is valid. */
  refreshToken: string;
  isRevoked: boolean;
}

/** An auth server that revokes a session when a refresh token comes twice, without any grace. */
export class StrictServer {
  /** Token requests with a refresh token, or without one. */
  tokenRequests = 0;
  /** Token requests in their order, with the time and what became of them. */
  readonly log: string[] = [];
  /** How long an answer takes, after the refresh token was rotated. */
  answerMs = 30;
  readonly #server: Server;
  readonly #families = new Map<string, Family>();
  readonly #used = new Map<string, Family>();
  readonly #program: string;
  #count = 0;
  #arrived: () => void = () => {};

  constructor(program: string) {
    this.#program = program;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** Resolves to the port. */
  async listen(): Promise<number> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Resolves when the next token request has arrived, and has rotated the refresh token. */
  nextTokenRequest(): Promise<void> {
    return new Promise(resolve => {
      this.#arrived = resolve;
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const body = await text(request);
    const cookie = /refresh=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
    if (pathname === '/page.js') return send(response, 'text/javascript', this.#program);
    if (pathname === '/sign-in')
      return this.#tokens(response, this.#begin(searchParams.get('user') ?? ''), !searchParams.has('body'));
    if (pathname === '/refresh') return this.#refresh(response, cookie, true);
    if (pathname === '/refresh-body') return this.#refresh(response, body, false);
    if (pathname.startsWith('/sign-out')) return this.#signOut(response, cookie);
    send(response, 'text/html', '<!doctype html><title>tab</title><script type="module" src="/page.js"></script>');
  }

  #begin(user: string): Family {
    const family = { user, refreshToken: `r${++this.#count}`, isRevoked: false };
    this.#families.set(family.refreshToken, family);
    return family;
  }

  async #refresh(response: ServerResponse, refreshToken: string | undefined, inCookie: boolean): Promise<void> {
    this.tokenRequests++;
    const family = this.#families.get(refreshToken ?? '');
    const reused = this.#used.get(refreshToken ?? '');
    if (reused) reused.isRevoked = true;
    const state = reused ? 'used before' : family?.isRevoked ? 'revoked' : family ? 'valid' : 'unknown';
    this.log.push(`${Date.now() % 100_000} ${refreshToken ?? 'none'} ${state}`);
    if (family && !family.isRevoked) {
      this.#families.delete(family.refreshToken);
      this.#used.set(family.refreshToken, family);
      family.refreshToken = `r${++this.#count}`;
      this.#families.set(family.refreshToken, family);
    }
    this.#arrived();
    await setTimeout(this.answerMs);
    if (!family || family.isRevoked) response.writeHead(401).end();
    else this.#tokens(response, family, inCookie);
  }

  #signOut(response: ServerResponse, cookie: string | undefined): void {
    const family = this.#families.get(cookie ?? '');
    if (family) family.isRevoked = true;
    response.setHeader('set-cookie', 'refresh=; Max-Age=0; Path=/');
    send(response, 'text/html', '<!doctype html><title>signed out</title>');
  }

  #tokens(response: ServerResponse, { user, refreshToken }: Family, inCookie: boolean): void {
    const tokens = { accessToken: `a${++this.#count}`, expiresInS: 3600, subject: user };
    if (inCookie) response.setHeader('set-cookie', `refresh=${refreshToken}; HttpOnly; SameSite=Lax; Path=/`);
    send(response, 'application/json', JSON.stringify(inCookie ? tokens : { ...tokens, refreshToken }));
  }
}

function send(response: ServerResponse, type: string, content: string): void {
  response.writeHead(200, { 'content-type': type }).end(content);
}

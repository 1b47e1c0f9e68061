import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Random } from './random.ts';

export interface AuthServerOptions {
  readonly kind: 'exclusive' | 'rotating';
  readonly random: Random;
  readonly lifetimeMs: number;
  /** How long a refresh token that was used is still exchanged; afterwards its use revokes the session. */
  readonly graceMs: number;
}

interface AccessToken {
  readonly number: number;
  readonly expiresAt: number;
  /** Another token has taken its place. */
  supersededAt?: number;
}

interface RefreshToken {
  usedAt?: number;
}

/** An API request with a token that another one had superseded. */
export interface StaleRequest {
  readonly pid: number;
  readonly at: number;
  readonly ageMs: number;
}

/** An auth server and its API, which know the process that asks. */
export class AuthServer {
  readonly #options: AuthServerOptions;
  readonly #access = new Map<string, AccessToken>();
  readonly #refresh = new Map<string, RefreshToken>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #announce: ((pid: number) => void) | undefined;
  #isRevoked = false;
  #issued = 0;
  live = '';
  tokenRequests = 0;
  /** Uses of a refresh token after its grace. */
  reused = 0;
  readonly stale: StaleRequest[] = [];

  constructor(options: AuthServerOptions) {
    this.#options = options;
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** The process of the next token request, before it is answered. */
  nextRequester(): Promise<number> {
    return new Promise(resolve => {
      this.#announce = resolve;
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const [status, answer] =
      request.url === '/token' ? await this.#exchange(new URLSearchParams(body)) : this.#read(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  /** It takes effect when it arrives, and is answered later: who dies in between has used its refresh token. */
  async #exchange(fields: URLSearchParams): Promise<readonly [number, object]> {
    this.tokenRequests++;
    const answer = this.#grant(fields);
    this.#announce?.(Number(fields.get('process')));
    this.#announce = undefined;
    await new Promise(resolve => setTimeout(resolve, this.#options.random.int(50, 400)));
    return answer;
  }

  #grant(fields: URLSearchParams): readonly [number, object] {
    if (fields.get('grant_type') !== 'refresh_token') return this.#issue();
    const used = this.#refresh.get(fields.get('refresh_token') ?? '');
    const now = Date.now();
    if (!used || this.#isRevoked) return [400, { error: 'invalid_grant' }];
    if (used.usedAt !== undefined && now - used.usedAt > this.#options.graceMs) {
      this.reused++;
      this.#isRevoked = true; // the whole session
      return [400, { error: 'invalid_grant' }];
    }
    used.usedAt ??= now;
    return this.#issue();
  }

  #issue(): readonly [number, object] {
    const { kind, lifetimeMs } = this.#options;
    const now = Date.now();
    const number = ++this.#issued;
    for (const token of this.#access.values()) token.supersededAt ??= now;
    this.live = `access-${number}`;
    this.#access.set(this.live, { number, expiresAt: now + lifetimeMs });
    this.#isRevoked = false;
    const answer = { access_token: this.live, expires_in: lifetimeMs / 1_000, token_type: 'Bearer' };
    if (kind === 'exclusive') return [200, answer];
    this.#refresh.set(`refresh-${number}`, {});
    return [200, { ...answer, refresh_token: `refresh-${number}` }];
  }

  #read({ headers }: IncomingMessage): readonly [number, object] {
    const token = this.#access.get(headers.authorization?.replace('Bearer ', '') ?? '');
    const now = Date.now();
    const pid = Number(headers['x-process']);
    if (token?.supersededAt !== undefined) this.stale.push({ pid, at: now, ageMs: now - token.supersededAt });
    const isLive = token?.supersededAt === undefined || this.#options.kind === 'rotating';
    if (!token || token.expiresAt <= now || !isLive) return [401, { message: 'Unauthorized' }];
    return [200, { data: { me: { name: 'service' } } }];
  }
}

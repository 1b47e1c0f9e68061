import type { Challenge } from '../src/tokens/parseChallenges.ts';

// Test vectors: inputs and expected results.

/** Strings that no header can carry, or that a program made by mistake. */
export const invalidTokens: readonly string[] = [
  '',
  ' ',
  'a\r\nb',
  'a\u0000b',
  'a b',
  '\u20ac',
  '\u00e9',
  'a\n',
  '[object Object]',
  'undefined',
  'null',
];

/** JWT payloads as JSON, and their expiry in milliseconds since the epoch; `undefined` if it is unusable. */
export const expiryHints: readonly (readonly [string, number | undefined])[] = [
  ['{"exp":1700000000}', 1_700_000_000_000],
  ['{"exp":1700000000.5}', 1_700_000_000_500],
  ['{"exp":"1700000000"}', undefined],
  ['{"exp":1e400}', undefined],
  ['{"exp":1700000000000}', undefined],
  ['{"exp":0}', undefined],
  ['{"exp":-1}', undefined],
  ['{"exp":null}', undefined],
  ['{"exp":{}}', undefined],
  ['{}', undefined],
  ['[1]', undefined],
  ['"str"', undefined],
  ['7', undefined],
  ['null', undefined],
];

/** `WWW-Authenticate` headers and the challenges in them. */
export const wwwAuthenticate: readonly (readonly [string, readonly Challenge[]])[] = [
  [
    'Bearer, DPoP algs="ES256 PS256"',
    [
      { scheme: 'bearer', params: {} },
      { scheme: 'dpop', params: { algs: 'ES256 PS256' } },
    ],
  ],
  [
    'Bearer error="invalid_token", error_description="Invalid token", DPoP algs="ES256 PS256"',
    [
      { scheme: 'bearer', params: { error: 'invalid_token', error_description: 'Invalid token' } },
      { scheme: 'dpop', params: { algs: 'ES256 PS256' } },
    ],
  ],
  [
    'Bearer error="invalid_request", error_description="Multiple methods used to include access token", DPoP algs="ES256 PS256", error="invalid_request", error_description="Multiple methods used to include access token"',
    [
      {
        scheme: 'bearer',
        params: { error: 'invalid_request', error_description: 'Multiple methods used to include access token' },
      },
      {
        scheme: 'dpop',
        params: {
          algs: 'ES256 PS256',
          error: 'invalid_request',
          error_description: 'Multiple methods used to include access token',
        },
      },
    ],
  ],
  [
    'Bearer realm="a, b", error="invalid_token", Basic realm="x"',
    [
      { scheme: 'bearer', params: { realm: 'a, b', error: 'invalid_token' } },
      { scheme: 'basic', params: { realm: 'x' } },
    ],
  ],
  [
    'bEaReR REALM=example , ERROR=insufficient_scope, scope="a b"',
    [{ scheme: 'bearer', params: { realm: 'example', error: 'insufficient_scope', scope: 'a b' } }],
  ],
  ['Bearer realm="foo\\"bar"', [{ scheme: 'bearer', params: { realm: 'foo"bar' } }]],
  [
    'Negotiate a87421000492aa874209af8bc028==, Bearer',
    [
      { scheme: 'negotiate', token68: 'a87421000492aa874209af8bc028==', params: {} },
      { scheme: 'bearer', params: {} },
    ],
  ],
  [
    'Bearer error="insufficient_user_authentication", acr_values="myACR", max_age="5"',
    [{ scheme: 'bearer', params: { error: 'insufficient_user_authentication', acr_values: 'myACR', max_age: '5' } }],
  ],
  [
    'Bearer realm="oauth2-resource", error="invalid_token", error_description="Access token expired: eyJ.SECRET.sig"',
    [
      {
        scheme: 'bearer',
        params: {
          realm: 'oauth2-resource',
          error: 'invalid_token',
          error_description: 'Access token expired: eyJ.SECRET.sig',
        },
      },
    ],
  ],
  [
    'Basic realm="x",,Bearer error=invalid_token',
    [
      { scheme: 'basic', params: { realm: 'x' } },
      { scheme: 'bearer', params: { error: 'invalid_token' } },
    ],
  ],
  ['', []],
  ['=?;', []],
];

import { builtinEnvironments, type Environment } from 'vitest/runtime';

const happyDom = builtinEnvironments['happy-dom'];

/** Node's own, which the servers of the tests and real requests need. */
const ofNode = [
  'AbortController',
  'AbortSignal',
  'Blob',
  'BroadcastChannel',
  'File',
  'FormData',
  'Headers',
  'ReadableStream',
  'Request',
  'Response',
  'TextDecoder',
  'TextEncoder',
  'TransformStream',
  'URL',
  'URLSearchParams',
  'WritableStream',
  'fetch',
];

/** A page of happy-dom in the process of its servers: what sends requests stays Node's. */
const page: Environment = {
  ...happyDom,
  name: 'page',
  async setup(global, options) {
    const kept = ofNode.map(name => [name, Object.getOwnPropertyDescriptor(global, name)] as const);
    const environment = await happyDom.setup(global, options);
    for (const [name, descriptor] of kept) if (descriptor) Object.defineProperty(global, name, descriptor);
    return environment;
  },
};

export default page;

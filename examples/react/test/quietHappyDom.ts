import { builtinEnvironments, type Environment } from 'vitest/runtime';

const happyDom = builtinEnvironments['happy-dom'];

const { locks } = navigator;

/**
 * happy-dom without the line that it prints for each refused request, which vitest cannot silence, and with Node's Web Locks. Each
 * rendered page is a browser of its own: without a channel it meets no other tab.
 */
const quietHappyDom: Environment = {
  ...happyDom,
  name: 'quiet-happy-dom',
  async setup(global, options) {
    const { console } = global;
    global.console = Object.assign(Object.create(console), { error: () => {} });
    const environment = await happyDom.setup(global, options);
    global.console = console;
    Object.defineProperty(global.navigator, 'locks', { value: locks, configurable: true });
    const { BroadcastChannel } = global;
    global.BroadcastChannel = undefined;
    return {
      async teardown(...given) {
        global.BroadcastChannel = BroadcastChannel;
        await environment.teardown(...given);
      },
    };
  },
};

export default quietHappyDom;

import { builtinEnvironments, type Environment } from 'vitest/runtime';

const happyDom = builtinEnvironments['happy-dom'];

/** happy-dom without the line that it prints for each refused request, which vitest cannot silence. */
const quietHappyDom: Environment = {
  ...happyDom,
  name: 'quiet-happy-dom',
  async setup(global, options) {
    const { console } = global;
    global.console = Object.assign(Object.create(console), { error: () => {} });
    const environment = await happyDom.setup(global, options);
    global.console = console;
    return environment;
  },
};

export default quietHappyDom;

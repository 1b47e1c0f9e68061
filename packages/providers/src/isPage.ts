/** Whether this is a page, or a test that makes one: not a worker, React Native or a server. */
export const isPage = (): boolean => 'window' in globalThis && 'document' in globalThis;

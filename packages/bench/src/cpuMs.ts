/**
 * The time that this thread has computed, in milliseconds: what else the machine does meanwhile does not count. Some systems
 * count in steps of 4 ms, so what is measured should take a hundred or more.
 */
export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

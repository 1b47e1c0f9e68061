/**
 * The computing time of this thread, in milliseconds: other work of the machine does not count. Some systems count in steps
 * of 4 ms, so a measurement should take a hundred or more.
 */
export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

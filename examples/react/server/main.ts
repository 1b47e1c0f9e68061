import { startApp } from './startApp.ts';

/** Slow enough to see in the timeline which operations wait for a renewal. */
const authServerMs = 600;
const port = Number(process.env.PORT ?? 4000);

try {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('PORT must be a number from 0 to 65535.');
  const app = await startApp({ port, authServerMs });
  const stop = () => void app.close().finally(() => process.exit(0));
  process.once('SIGTERM', stop).once('SIGINT', stop);
  process.stdout.write(`The Latchkey example is ready: ${app.origin}\n`);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  const isTaken = code === 'EADDRINUSE';
  process.stderr.write(
    `${isTaken ? `Port ${port} is in use. Choose another one: PORT=${port + 1} npm start` : message}\n`,
  );
  process.exit(1);
}

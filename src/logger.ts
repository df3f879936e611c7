import { describe } from './encode.js';

/**
 * Receives what the client has to say; `console` fits, and so do most logging libraries.
 *
 * The first failure of a series is a warning, its repeats are debug, the recovery is info. No message ever holds a
 * credential. What a logger throws is ignored.
 */
export interface Logger {
  /** Details of the daily work. */
  debug(message: string): void;
  /** Changes for the better. */
  info(message: string): void;
  /** Something failed; the client goes on. */
  warn(message: string): void;
  /** Something failed that the client cannot mend by itself. */
  error(message: string): void;
}

/** The methods of a {@link Logger}. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Passes a message on; a logger that throws, now or later, disturbs nobody. */
export function write(logger: Logger | undefined, level: LogLevel, message: string): void {
  try {
    const written: unknown = logger?.[level](message);
    isolate(written, () => {});
  } catch {
    // There is nobody left to tell.
  }
}

/**
 * Watches what a callback of the user returned: when it is a promise that fails, `report` gets the reason. Returns
 * whether there is something to watch.
 */
export function isolate(returned: unknown, report: (reason: unknown) => void): boolean {
  if (typeof returned !== 'object' || returned === null || !('then' in returned)) {
    return false;
  }
  Promise.resolve(returned).catch(report);
  return true;
}

/** What a callback of the user threw, as text for the log. */
export function thrownText(error: unknown): string {
  try {
    return String(error);
  } catch {
    return describe(error);
  }
}

import type { Cause } from './cause.js';
import type { Machine } from './machine.js';

type Blocked = Extract<Cause, { kind: 'blocked' }>;

/** What the system's own message says about what does not let the file be loaded; undefined when it is not about that. */
export function blockedBy(machine: Machine, path: string, message: string): Blocked | undefined {
  switch (machine.platform) {
    case 'win32':
      return onWindows(message);
    case 'darwin':
      return onMac(message);
    default:
      return onLinux(machine, path, message);
  }
}

/** The file cannot even be read. */
export function unreadable(code: string): Blocked {
  return { kind: 'blocked', by: 'permissions', detail: `it cannot be read (${code})` };
}

const DENIED =
  /failed to map segment|cannot (?:enable executable stack|apply additional memory|restore segment prot)|operation not permitted|permission denied/i;

function onLinux(machine: Machine, path: string, message: string): Blocked | undefined {
  if (!DENIED.test(message)) {
    return undefined;
  }
  const mount = noexecMount(machine, path);
  if (mount !== undefined) {
    return { kind: 'blocked', by: 'noexec', detail: `${mount} is mounted with noexec` };
  }
  const label = securityLabel(machine);
  if (label !== undefined) {
    return label;
  }
  return { kind: 'blocked', by: 'system', detail: lowered(message) };
}

/** The place of the file's mount, when nothing on it may be executed. */
function noexecMount(machine: Machine, path: string): string | undefined {
  const real = machine.realPath(path);
  const mounts = (machine.read('/proc/self/mounts')?.toString('utf8') ?? '')
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, at = '', , options = '']) => ({ at: unescaped(at), options: options.split(',') }))
    .filter(({ at }) => at !== '' && isBelow(real, at));
  // Of mounts on one place the last is the one that is seen.
  const holder = mounts.reduce<(typeof mounts)[number] | undefined>(
    (best, one) => (best !== undefined && best.at.length > one.at.length ? best : one),
    undefined,
  );
  return holder?.options.includes('noexec') ? holder.at : undefined;
}

function isBelow(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

/** The system writes spaces and the like as octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function securityLabel(machine: Machine): Blocked | undefined {
  const label = ['/proc/self/attr/apparmor/current', '/proc/self/attr/current']
    .map((path) => machine.read(path)?.toString('utf8').replaceAll('\0', '').trim() ?? '')
    .find((text) => text !== '' && text !== 'unconfined');
  if (label === undefined) {
    return undefined;
  }
  if (/ \((?:enforce|kill)\)$/.test(label)) {
    return { kind: 'blocked', by: 'apparmor', detail: `the AppArmor profile ${label}` };
  }
  const isEnforced = machine.read('/sys/fs/selinux/enforce')?.toString('latin1').trim() === '1';
  return label.includes(':') && isEnforced
    ? { kind: 'blocked', by: 'selinux', detail: `SELinux, in the context ${label}` }
    : undefined;
}

function onWindows(message: string): Blocked | undefined {
  if (/application control|group policy|device guard|blocked this file/i.test(message)) {
    return { kind: 'blocked', by: 'application-control', detail: lowered(message) };
  }
  if (/access is denied/i.test(message)) {
    return { kind: 'blocked', by: 'permissions', detail: lowered(message) };
  }
  return /virus|potentially unwanted/i.test(message)
    ? { kind: 'blocked', by: 'system', detail: lowered(message) }
    : undefined;
}

function onMac(message: string): Blocked | undefined {
  if (/library validation|different team ids|not valid for use in process/i.test(message)) {
    const detail = 'library validation of the hardened runtime (another signature)';
    return { kind: 'blocked', by: 'library-validation', detail };
  }
  if (/system policy|code signing blocked|code signature (?:invalid|in)/i.test(message)) {
    const detail = 'the quarantine or the signature of the file';
    return { kind: 'blocked', by: 'quarantine', detail };
  }
  return /sandbox|operation not permitted|permission denied/i.test(message)
    ? { kind: 'blocked', by: 'sandbox', detail: 'the sandbox of this program' }
    : undefined;
}

function lowered(message: string): string {
  const [first = ''] = message.split('\n', 1);
  return `${first.slice(0, 1).toLowerCase()}${first.slice(1)}`;
}

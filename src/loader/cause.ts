import type { Libc } from './libc.js';

/** What keeps the system from loading a file that is fine. */
export type Policy =
  | 'noexec'
  | 'permissions'
  | 'apparmor'
  | 'selinux'
  | 'application-control'
  | 'quarantine'
  | 'library-validation'
  | 'sandbox'
  | 'system';

/** Why an attempt to load the addon failed. */
export type Cause =
  | { readonly kind: 'missing'; readonly what: 'package' | 'file'; readonly path?: string }
  | { readonly kind: 'name' }
  | { readonly kind: 'archived'; readonly archive: string }
  | { readonly kind: 'stub' }
  | { readonly kind: 'no-library' }
  | { readonly kind: 'no-addon' }
  | { readonly kind: 'truncated'; readonly size: number; readonly wholeSize: number }
  | { readonly kind: 'architecture'; readonly found: string; readonly wanted: string }
  | { readonly kind: 'libc'; readonly found: Libc; readonly wanted: Libc | undefined }
  | { readonly kind: 'glibc'; readonly needed: string; readonly found: string | undefined }
  | { readonly kind: 'library'; readonly library: string }
  | { readonly kind: 'blocked'; readonly by: Policy; readonly detail: string }
  | { readonly kind: 'version'; readonly found: string; readonly wanted: string }
  | { readonly kind: 'other'; readonly message: string };

/** A cause in words. */
export function causeText(cause: Cause): string {
  switch (cause.kind) {
    case 'missing':
      return missingText(cause);
    case 'name':
      return 'its name does not end in .node';
    case 'archived':
      return `it lies inside the archive ${cause.archive}, from which no library can be loaded`;
    case 'stub':
      return 'it is a stub, which stands in tests of the installation for an addon that was not built';
    case 'no-library':
      return 'it is no library of any system';
    case 'no-addon':
      return 'it is a library, but not the addon of flipt-native';
    case 'truncated':
      return `it is cut off: ${cause.size} of at least ${cause.wholeSize} bytes`;
    case 'architecture':
      return `it is built for ${cause.found}, this Node is ${cause.wanted}`;
    case 'libc':
      return `it is built for ${cause.found}, this Node runs on ${cause.wanted ?? 'another C library'}`;
    case 'glibc':
      return `it needs glibc ${cause.needed} or newer, this system has ${cause.found ?? 'an older one'}`;
    case 'library':
      return `it needs ${cause.library}, which this system does not have`;
    case 'blocked':
      return `the system does not let it be loaded: ${cause.detail}`;
    case 'version':
      return `it is version ${cause.found}, but flipt-native is ${cause.wanted}`;
    case 'other':
      return cause.message;
  }
}

function missingText({ what, path }: Extract<Cause, { kind: 'missing' }>): string {
  if (what === 'package') {
    return 'it is not installed';
  }
  return path === undefined ? 'there is no such file' : `it is installed without ${path}`;
}

/**
 * Where a contender is in the endless walk: users one after the other, flags round robin, shifted by one whenever
 * the users start again, so that every user meets every flag.
 */
export function startWalk(keys, users) {
  return { keys, users, user: 0, flag: 0 };
}

/** The next user and the next flag. */
export function step(walk) {
  if (++walk.user === walk.users.length) {
    walk.user = 0;
    walk.flag++;
  }
  if (++walk.flag >= walk.keys.length) walk.flag -= walk.keys.length;
}

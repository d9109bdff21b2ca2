import { show } from "./show.ts";

/** A name in the message that refuses an argument: in quotes where it would not show, or break the line. */
export function showName(name: string): string {
  return /^$|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name) ? show(name) : name;
}

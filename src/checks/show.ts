import { escapeControls } from "../words/escape_controls.ts";

/** Of more the beginning is shown. */
const LONGEST = 200;

/** A wrong argument as one line, for the message that refuses it. */
export function show(value: unknown): string {
  const whole = Deno.inspect(value, { depth: 2, compact: true, breakLength: Infinity });
  const letters = [...whole];
  return escapeControls(
    letters.length > LONGEST ? `${letters.slice(0, LONGEST).join("")}...` : whole,
  );
}

/** A name in the message that refuses an argument: in quotes where it would not show, or break the line. */
export function showName(name: string): string {
  return /^$|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name) ? show(name) : name;
}

import type { Chance } from "./chance.ts";

const ODD: readonly string[] = [
  ...[
    "",
    " ",
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "1e3",
    "1e999",
    "NaN",
    "Infinity",
    "0x10",
    "1_000",
    "٣",
  ],
  ...[
    "9007199254740993",
    "1/2",
    "1/0",
    "2/1",
    "0/0",
    "0..9",
    "9..0",
    "0..1e9",
    "1,2,2",
    ",",
    "1,,2",
  ],
  ...["0.1..10", "0.1..10:5", "..", "1..", ":", "1..2:3:4", "auto", "sum", "all", "true", "null"],
  ...["__proto__", "constructor", "toString", "=", "--", "-", "--seed", "*", "(", "(?<", "[", "\\"],
  ...[
    "\u001b[31m",
    "\u009b",
    "\u202e",
    "\0",
    "\n",
    "ä",
    "\ud800",
    "%s",
    "$(x)",
    "'",
    '"',
    "/dev/null",
  ],
  ...[
    "x".repeat(5000),
    "1".repeat(400),
    "a,".repeat(3000),
    "../".repeat(200),
    "json=",
    "=a",
    "junit=a=b",
  ],
];

/** A text that means something to somebody, or one of a few odd letters. */
export function oddText(chance: Chance, words: readonly string[] = []): string {
  if (words.length > 0 && chance.happens(0.4)) return chance.one(words);
  if (chance.happens(0.8)) return chance.one(ODD);
  return chance.list(1, 12, () => chance.one([..."01239.,:/-=ex nN\"'[]{}()\u00e4\u001b"])).join(
    "",
  );
}

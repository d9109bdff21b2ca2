import type { Command } from "./command.ts";
import { anyOf } from "../words/any_of.ts";
import { type Access, flagName, type Permission } from "./flag.ts";

/** What the file of a flag needs. */
const ACCESS: Record<Access, { grant: string; purpose: (flags: string) => string }> = {
  read: { grant: "--allow-read=FILE", purpose: (flags) => `the FILE of ${flags}` },
  run: {
    grant: "--allow-read=FILE",
    purpose: (flags) =>
      `the module of ${flags}, which runs with these permissions and may need more`,
  },
  write: {
    // Deno wants a file that is renamed to be readable as well.
    grant: "--allow-read=FOLDER --allow-write=FOLDER",
    purpose: (flags) =>
      `the folder of ${flags} FILE, which is written under a temporary name and then renamed`,
  },
};

/** What a subcommand needs to be allowed: whatever it is given, and for each of its flags. */
export function permissionsOf({ flags, permissions }: Command): Permission[] {
  const all = Object.entries(flags);
  const files = Object.entries(ACCESS).flatMap(([access, { grant, purpose }]) => {
    const names = all.filter(([, flag]) => flag.access === access)
      .map(([key]) => `--${flagName(key)}`);
    return names.length === 0 ? [] : [{ grant, purpose: purpose(anyOf(names)) }];
  });
  const needed = [...permissions, ...files, ...all.flatMap(([, flag]) => flag.permissions)];
  return [...Map.groupBy(needed, ({ grant }) => grant)].map(([grant, same]) => ({
    grant,
    purpose: same.map(({ purpose }) => purpose).join("; "),
  }));
}

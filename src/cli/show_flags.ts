import type { RenderTextOptions } from "../render/render_text.ts";
import { readColumns, WIDTH_FLAGS } from "./columns_flag.ts";
import type { Flag, FlagValues } from "./flag.ts";
import { oneOf } from "./measure_flags.ts";
import { readLayers } from "./read_layers.ts";

/** The flags that say how a result looks and where it goes. */
export const SHOW_FLAGS: readonly Flag[] = [
  { name: "format", value: "text|json", help: "default: text" },
  { name: "out", value: "FILE", help: "write the result there instead of to stdout" },
  { name: "layers", value: "REGEX", help: "draw only the layers whose name matches" },
  { name: "scale", value: "log|linear", help: "scale of the bars; default: log" },
  ...WIDTH_FLAGS,
  { name: "unicode", value: null, help: "draw the bars with eighth blocks" },
  { name: "help", value: null, help: "show this help" },
];

/**
 * Reads {@linkcode SHOW_FLAGS}. Width and colour are the terminal's where the text goes to one;
 * `NO_COLOR`
 * and `FORCE_COLOR` are obeyed, the first before a terminal, the second without one.
 *
 * @param flags The flags that were given.
 * @param out Where the result goes: a file, or `null` for stdout.
 * @throws {UsageError} If a value is not what its flag takes.
 */
export function textOptions(flags: FlagValues, out: string | null): RenderTextOptions {
  const terminal = out === null && Deno.stdout.isTerminal();
  return {
    width: readColumns(flags, terminal),
    unicode: flags.unicode === true,
    color: !Deno.noColor && (terminal || (out === null && colorIsForced())),
    scale: oneOf<"log" | "linear">(flags, "scale", ["log", "linear"], "log"),
    layers: readLayers(flags.layers as string | undefined) ?? undefined,
  };
}

/** Asks for no permission: whoever did not allow to read the variable forces nothing. */
function colorIsForced(): boolean {
  const permission = { name: "env", variable: "FORCE_COLOR" } as const;
  return Deno.permissions.querySync(permission).state === "granted" &&
    Boolean(Deno.env.get("FORCE_COLOR"));
}

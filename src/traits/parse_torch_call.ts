/** Call as Python's users write it: `AdamW(lr=3e-4, betas=(0.9, 0.95))`. */
export interface TorchCall {
  /** Name of the function or class, without its package. */
  name: string;
  /** Arguments in order; those without a name have the key `undefined`. */
  args: { key: string | undefined; value: string; text: string }[];
}

const CALL = /^(?:[A-Za-z_]\w*\.)*(\w+)\s*(?:\((.*)\))?$/s;

/** Argument up to the next comma outside of brackets, which may be nested twice. */
const ARGUMENT = /(?:[^,()[\]]|[([](?:[^()[\]]|[([][^()[\]]*[)\]])*[)\]])+/g;

/**
 * Parses a call, with the names of packages in front of it, or a name alone.
 *
 * @returns The call; `null` if it is none.
 */
export function parseTorchCall(text: string): TorchCall | null {
  const [, name, inner = ""] = CALL.exec(text.trim()) ?? [];
  if (name === undefined) return null;
  const parts = inner.match(ARGUMENT) ?? [];
  // What no argument has may only be the commas between them.
  if (inner.replace(ARGUMENT, "").length > parts.length) return null;
  const args = parts.map((part) => part.trim()).filter((part) => part !== "").map((text) => {
    const [, key, value] = /^(\w+)\s*=\s*(.+)$/s.exec(text) ?? [];
    return { key, value: value ?? text, text };
  });
  return { name, args };
}

/** Reads a number of Python; NaN for anything else. */
export function numberOf(text: string): number {
  const plain = text.trim().replaceAll("_", "");
  return plain === "" ? NaN : Number(plain);
}

/**
 * A plugin for `deno lint` that holds the error messages of `src/` to one style: the place, what was
 * found, what was expected, as in `options.passRate is 2, expected 0 to 1`.
 *
 * - It begins with its subject: a name in the spelling of the code, or a capital letter.
 * - It says what is and what was expected, not what must be and what it got.
 * - It ends without a full stop, since a caller may go on: `net.ts: units is 0, expected 1 or more`.
 * - It has no contractions, and no words that blame, beg or say nothing.
 *
 * Bad input is refused in one way: by an `InputError` or an error derived from it, which carries
 * the place, what was found and what was expected. `TypeError` and `RangeError` are JavaScript's own;
 * only a full heap is a `RangeError` of ours.
 *
 * `AssertionError` is left out: its message is a report of many lines.
 *
 * @module
 */

import { REFUSAL } from "../src/ground/words/input_error.ts";

/** Faults of a message, by pattern. `\0` stands for a value that is put in. */
const FAULTS: readonly (readonly [pattern: RegExp, fault: string])[] = [
  [/^\s*$/, "is empty, expected what was found and what was expected"],
  [/\.\s*$/, "ends with a full stop, expected none"],
  [
    /^(?:an?|the|an?other|this|it|its|there|no|two) /,
    "begins in small letters, expected a capital",
  ],
  [
    /^(?:cannot|unable|could|expected|unknown|found|failed|failure|error|please)\b/i,
    "begins with its verdict, expected its subject",
  ],
  [/\bmust\b|\bshould\b/, 'says what must be, expected "is ..., expected ..."'],
  [/\b(?:got|received)\b/, 'has "got", expected "is ..."'],
  [/\bexpected\b[^:;]*, found\b/, 'says "expected" before "found", expected it after'],
  [/\w(?:n't|'re|'ll|'ve)\b|\b(?:it|that|there|let|what)'s\b/i, "has a contraction, expected none"],
  [
    /\b(?:please|sorry|oops|invalid|illegal|bad|wrong|incorrect|whoops)\b/i,
    "has a word that says nothing, expected what was found",
  ],
];

/**
 * Returns the fault of a message.
 *
 * @param message The message, with `\0` for each value that is put in.
 * @returns The first fault, or `null` where there is none.
 */
export function faultOf(message: string): string | null {
  return FAULTS.find(([pattern]) => pattern.test(message))?.[1] ?? null;
}

/** The messages that an expression may have: one for each branch; `\0` for what is not known here. */
function messagesOf(node: Deno.lint.Expression): string[] {
  switch (node.type) {
    case "Literal":
      return [typeof node.value === "string" ? node.value : "\0"];
    case "TemplateLiteral": {
      const [first, ...quasis] = node.quasis.map(({ cooked }) => [cooked]);
      return quasis.reduce(
        (all, quasi, i) => join(join(all, messagesOf(node.expressions[i])), quasi),
        first,
      );
    }
    case "BinaryExpression":
      return join(messagesOf(node.left as Deno.lint.Expression), messagesOf(node.right));
    case "LogicalExpression":
      return [...messagesOf(node.left), ...messagesOf(node.right)];
    case "ConditionalExpression":
      return [...messagesOf(node.consequent), ...messagesOf(node.alternate)];
    case "ObjectExpression":
      return refusalOf(node);
    case "TaggedTemplateExpression":
      return messagesOf(node.quasi);
    default:
      return ["\0"];
  }
}

/** Returns the messages of a refusal `{ place, verb, found, expected, hint }`. */
function refusalOf({ properties }: Deno.lint.ObjectExpression): string[] {
  const parts = new Map<string, string[]>();
  for (const property of properties) {
    if (property.type !== "Property" || property.key.type !== "Identifier") continue;
    parts.set(property.key.name, messagesOf(property.value as Deno.lint.Expression));
  }
  const part = (name: string, otherwise: string) => parts.get(name) ?? [otherwise];
  const found = join(join(part("verb", "is"), [" "]), part("found", "\0"));
  const expected = join([", expected "], join(part("expected", "\0"), part("hint", "")));
  return join(join(part("place", "\0"), [" "]), join(found, expected));
}

/** Returns the fault of a refusal whose text `refusal()` cannot divide, or `null`. */
function unreadIn({ quasis }: Deno.lint.TemplateLiteral): string | null {
  return REFUSAL.test(quasis.map(({ cooked }) => cooked).join("\0"))
    ? null
    : "cannot be divided, expected `place is found, expected this`";
}

/** Returns true if an error gets one sentence instead of its parts. */
const isSentence = ({ type }: Deno.lint.Expression) =>
  ["Literal", "TemplateLiteral", "BinaryExpression"].includes(type);

/** Every beginning with every end. */
const join = (left: string[], right: string[]) => left.flatMap((a) => right.map((b) => a + b));

const plugin: Deno.lint.Plugin = {
  name: "gradient-health",
  rules: {
    "error-messages": {
      create(context) {
        if (!/(^|[\\/])src[\\/]/.test(context.filename)) return {};
        const isHeap = /[\\/]engine[\\/](heap|native)[\\/]/.test(context.filename);
        return {
          NewExpression({ callee, arguments: [message], parent }) {
            if (callee.type !== "Identifier" || !callee.name.endsWith("Error")) return;
            if (/^(Type|Range)Error$/.test(callee.name) && !isHeap) {
              context.report({
                node: callee,
                message:
                  `${callee.name} is thrown, expected InputError: { place, found, expected }`,
              });
            }
            if (callee.name === "AssertionError" || message === undefined) return;
            if (message.type === "SpreadElement") return;
            // A file is put before it.
            const isWithin = parent.type === "MemberExpression" &&
              parent.property.type === "Identifier" && parent.property.name === "within";
            const messages = messagesOf(message).map((text) => isWithin ? `\0: ${text}` : text);
            const faults = new Set(messages.map(faultOf));
            if (isSentence(message) && messages.some((text) => text.includes(", expected "))) {
              faults.add(
                "says what was expected in a sentence, expected refusal`...` or its parts",
              );
            }
            if (message.type === "TaggedTemplateExpression") faults.add(unreadIn(message.quasi));
            for (const fault of faults) {
              if (fault === null) continue;
              context.report({ node: message, message: `The message of ${callee.name} ${fault}` });
            }
          },
        };
      },
    },
  },
};

export default plugin;

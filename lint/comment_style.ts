/**
 * A plugin for `deno lint` that holds all comments to the style sheet in CONTRIBUTING.md: a doc comment starts
 * with a verb (*Returns, Reads*) or with the noun that it documents (*Number of*, *True if*), and a few phrases that no
 * native writer would use do not come back.
 *
 * @module
 */

/** First words that leave the noun out. */
const RELATIVE = /^(?:What|How|Whether|Where|Which|Those|One|Of)\b/;

/** Phrases, each with what to write. */
const PHRASES: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bso many\b/, '"at most N"'],
  [/(?<!\b[Tt]here )\b(?:is|are) no (?!longer|more|other|such)[a-z]/, '"is not a" or "none of"'],
  [/\blies? (?:in|on|at|between|below|above|nowhere)\b/, 'a plain "is"'],
  [/\bstands? (?:in|on|at|beside)\b/, 'a plain "is"'],
  [/\bcomes? to\b/, '"results in" or "is"'],
  [/\bbe had\b/, '"is available"'],
  [/\b(?:goes|go) round\b/, '"bypasses"'],
  [/\bbut for\b/, '"except"'],
  [/\bone's own\b|\bof one's\b|\blayers? of (?:its|their) own\b/, '"custom"'],
  [/\banew\b/, '"again"'],
  [/\bmend(?:s|ed)?\b/, '"fix"'],
];

/**
 * Finds the first fault of a comment.
 *
 * @param comment The text between the comment's marks.
 * @param isDoc True for a doc comment, whose first word is judged too.
 * @returns The fault, or `null`.
 */
export function styleFaultOf(comment: string, isDoc: boolean): string | null {
  const text = comment.replaceAll(/^\s*\*+ ?/gm, "").replaceAll(/```[^]*?```/g, "").trim();
  const [first] = text.split(/\s/, 1);
  if (isDoc && RELATIVE.test(text)) return `starts with "${first}", expected a verb or a noun`;
  const prose = text.replaceAll(/`[^`]*`/g, "``").replaceAll(/\s+/g, " ");
  for (const [pattern, instead] of PHRASES) {
    const found = pattern.exec(prose);
    if (found !== null) return `says "${found[0]}", expected ${instead}`;
  }
  return null;
}

const plugin: Deno.lint.Plugin = {
  name: "comment-style",
  rules: {
    "plain-comments": {
      create(context) {
        return {
          Program() {
            for (const comment of context.sourceCode.getAllComments()) {
              const isDoc = comment.type === "Block" && comment.value.startsWith("*");
              const fault = styleFaultOf(comment.value, isDoc);
              if (fault !== null) {
                context.report({ node: comment, message: `The comment ${fault}` });
              }
            }
          },
        };
      },
    },
  },
};

export default plugin;

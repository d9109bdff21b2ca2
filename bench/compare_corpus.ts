/**
 * Compares two corpora that `bench/corpus.ts` wrote: the second must have every figure of the
 * first, bit by bit. Differences in findings are listed by themselves, and what the second has
 * besides is counted.
 *
 * @module
 */
const [before, after] = Deno.args;
if (after === undefined) {
  console.error("usage: deno run -A bench/compare_corpus.ts BEFORE AFTER");
  Deno.exit(2);
}

interface Difference {
  place: string;
  was: unknown;
  is: unknown;
}

function* differences(was: unknown, is: unknown, place: string): Generator<Difference> {
  if (typeof was !== "object" || was === null || typeof is !== "object" || is === null) {
    if (was !== is) yield { place, was, is };
    return;
  }
  for (const [key, value] of Object.entries(was)) {
    yield* differences(value, (is as Record<string, unknown>)[key], `${place}.${key}`);
  }
  if (Array.isArray(is) && is.length > (was as unknown[]).length) {
    yield { place: `${place}.length`, was: (was as unknown[]).length, is: is.length };
  }
}

/** A report is a document; a study is a line each point. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.trim().split("\n").map((line) => JSON.parse(line));
  }
}

/** Words of findings, and gates that pass, may change if an issue asks for it. */
const JUDGED = /\.(findings|failed|healthy|passed|summary|counts|errors|warnings|notes)\b/;

let figures = 0;
let judged = 0;
let files = 0;
for await (const { name } of Deno.readDir(before)) {
  files++;
  const was = parse(await Deno.readTextFile(`${before}/${name}`));
  const is = parse(await Deno.readTextFile(`${after}/${name}`).catch(() => "null"));
  for (const difference of differences(was, is, "")) {
    const isJudged = JUDGED.test(difference.place);
    if (isJudged) judged++;
    else figures++;
    if (isJudged ? judged <= 200 : figures <= 50) {
      const show = (value: unknown) => JSON.stringify(value)?.slice(0, 160);
      console.log(
        `${isJudged ? "judged" : "FIGURE"} ${name}${difference.place}: ` +
          `${show(difference.was)} -> ${show(difference.is)}`,
      );
    }
  }
}
console.log(`${files} files: ${figures} figures and ${judged} judgements differ`);
Deno.exit(figures > 0 ? 1 : 0);

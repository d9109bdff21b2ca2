import { assert } from "@std/assert";
import { modulesIn } from "../read_imports.ts";
import { ROOT } from "./markdown.ts";

/** An example of a doc comment. */
interface Example {
  /** Path of its module and line of its fence. */
  place: string;
  code: string;
}

/** Returns the examples of a module's doc comments. */
function examplesOf(path: string, text: string): Example[] {
  return [...text.matchAll(/^( *)\* ```ts\n([^]*?)^ *\* ```$/gm)].map(
    ({ 0: fence, 2: body, index }) => {
      assert(!fence.includes("*/"), `${path}: an example is not closed`);
      const line = text.slice(0, index).split("\n").length;
      return { place: `${path}:${line}`, code: body.replace(/^ *\* ?/gm, "") };
    },
  );
}

async function readExamples(): Promise<Example[]> {
  const urls = await Array.fromAsync(modulesIn(new URL("src/", ROOT)));
  const examples = await Promise.all(
    urls.sort().map(async (url) => {
      const text = await Deno.readTextFile(url);
      return examplesOf(url.href.slice(ROOT.href.length), text);
    }),
  );
  return examples.flat();
}

const folder = await Deno.makeTempDir();
const examples = await readExamples();
assert(examples.length > 100, `${examples.length} examples`);

/** Runs an example in a process of its own. */
async function runAlone(file: string): Promise<void> {
  const configuration = new URL("deno.json", ROOT).pathname;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", configuration, file],
    stdout: "null",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
}

// `deno test --doc` would start a thread and an engine for each of them. Their types are checked by
// `deno check --doc`.
for (const [i, { place, code }] of examples.entries()) {
  const file = `${folder}/example_${i}.ts`;
  await Deno.writeTextFile(file, code);
  // One that registers tests is imported now: a test cannot register another.
  if (/\b(?:Deno\.test|testGradientHealth)\(/.test(code)) await import(`file://${file}`);
  else {
    Deno.test(`the example at ${place} runs`, async () => {
      // TensorFlow.js keeps a backend that the example starts, and startEngine() refuses it, as it does other
      // settings than those of an engine that an earlier example has left running.
      if (/tf\.setBackend\(|startEngine\(\{/.test(code)) await runAlone(file);
      else await import(`file://${file}`);
    });
  }
}

Deno.test("the folder of the examples is removed", () => Deno.remove(folder, { recursive: true }));

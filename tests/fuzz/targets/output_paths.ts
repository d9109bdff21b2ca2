import { claimOutputs, type Output } from "../../../src/cli/kit/claim_outputs.ts";
import { UsageError } from "../../../src/cli/kit/flag.ts";
import { writeOutput } from "../../../src/cli/kit/write_output.ts";
import { GateError } from "../../../src/core/diagnosis/gate_result.ts";
import { writeBaseline } from "../../../src/gate/write_baseline.ts";
import { StudyError } from "../../../src/study/study_options.ts";
import { StudyWriter } from "../../../src/study/study_writer.ts";
import { makeHeader } from "../../networks/studies.ts";
import type { Chance } from "../chance.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";

const MANIFEST = JSON.stringify({
  weightsManifest: [{ paths: ["w.bin", "s/w2.bin"], weights: [] }],
});

/** The files that a run may read, and what they hold. */
const FILES: Record<string, string> = {
  "model.json": MANIFEST,
  "w.bin": "\u0001\0\u0002",
  "s/w2.bin": "text weights",
  "net.ts": 'export { createModel } from "./s/part.ts"; new URL("data.txt", import.meta.url);',
  "s/part.ts": "export const createModel = 1;",
  "data.txt": "1 2 3",
  "batch.json": '{"inputs": [[1]]}',
  "register.ts": 'import "./s/part.ts";',
  "base.json": '{\n  "version": 1,\n  "models": {}\n}\n',
  "study.json": '{\n  "format": "gradient-health study",\n',
  "out.tmp": "weights",
  "out.lock": "weights",
  "out.journal": "weights",
};
const NAMES = [...Object.keys(FILES), "out", "new", "a/b/new", "s/new"];
/** Kinds of output, most of them results. */
const KINDS = ["study", "baseline", undefined, undefined] as const;

export const target: FuzzTarget = {
  name: "output_paths",
  about: "Whatever the outputs of a run are, links and casings included, no input changes.",
  shortRun: 150,
  async open() {
    const root = await Deno.realPath(await Deno.makeTempDir());
    let number = 0;
    return {
      async tryOne(chance) {
        const folder = `${root}/${number++}`;
        await Deno.mkdir(`${folder}/s`, { recursive: true });
        for (const [name, text] of Object.entries(FILES)) {
          await Deno.writeTextFile(`${folder}/${name}`, text);
        }
        const links = await makeLinks(folder, chance);
        const spelt = () => spell(folder, chance.one([...NAMES, ...links]), chance);
        const code = chance.list(1, 2, () => chance.one(["model.json", "net.ts", "register.ts"]));
        const data = chance.list(0, 2, () => chance.one(NAMES));
        const outputs = chance.list(
          1,
          3,
          (): Output => ({ path: spelt(), extends: chance.one(KINDS) }),
        );
        const at = (name: string) => `${folder}/${name}`;
        const inputs = [...code, ...data].map(at);
        const weights = code.includes("model.json") ? ["w.bin", "s/w2.bin"].map(at) : [];
        const force = chance.happens(0.5);
        const read = new Set([...inputs, ...weights].filter((path) => isFile(path)));
        const before = new Map([...read].map((path) => [path, Deno.readTextFileSync(path)]));
        try {
          await claimOutputs(outputs, inputs, { force });
          for (const output of outputs) await write(output);
        } catch (error) {
          requireClearError(error, [UsageError, GateError, StudyError], [/\/\d+\//]);
        }
        for (const [path, text] of before) {
          if (!isFile(path) || Deno.readTextFileSync(path) !== text) {
            throw new Error(
              `${path} has changed: ${JSON.stringify({ code, data, outputs, links })}`,
            );
          }
        }
        for (const { path, extends: kind } of force ? [] : outputs) {
          const name = NAMES.find((name) => `${folder}/${name}` === path) ?? "";
          const old = FILES[name];
          const isOwn = name === "base.json" && kind === "baseline" ||
            name === "study.json" && kind === "study";
          if (old === undefined || isOwn) continue;
          if (Deno.readTextFileSync(path) !== old) {
            throw new Error(`${path} was replaced by ${kind ?? "a result"}`);
          }
        }
        await Deno.remove(folder, { recursive: true });
      },
      [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
    };
  },
};

/** Links of both kinds to files, to what is not there yet, and to each other. */
async function makeLinks(folder: string, chance: Chance): Promise<string[]> {
  const made: string[] = [];
  for (const name of ["link1", "s/link2", "out.link", "new.tmp", "new.journal", "new.lock"]) {
    if (chance.happens(0.5)) continue;
    const to = chance.one([...NAMES, ...made]);
    try {
      if (chance.happens(0.3)) await Deno.link(`${folder}/${to}`, `${folder}/${name}`);
      else await Deno.symlink(`${folder}/${to}`, `${folder}/${name}`);
      made.push(name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return made;
}

/** Returns one of the ways to write a path. */
function spell(folder: string, name: string, chance: Chance): string {
  return chance.one([
    `${folder}/${name}`,
    `${folder}/${name}`,
    `${folder}/./${name}`,
    `${folder}/s/../${name}`,
    `${folder}//${name}`,
    `${folder}/${name.toUpperCase()}`,
  ]);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function write({ path, extends: kind }: Output): Promise<void> {
  if (kind === "baseline") await writeBaseline(path, () => ({}));
  else if (kind === "study") {
    const writer = await StudyWriter.create(path, makeHeader({ scales: [1] }));
    await writer.close();
  } else await writeOutput("result", path);
}

import { assert, assertEquals } from "@std/assert";
import { type Import, loadedWith, readImports } from "./read_imports.ts";

/** The rooms of src/ from the ground up, as the map has them: a room imports only from those before it. */
const ROOMS = [
  ...(await Deno.readTextFile(new URL("../docs/architecture.md", import.meta.url)))
    .matchAll(/^\| `(\w+)` +\|/gm),
].map(([, room]) => room);

/**
 * Of these a room takes types alone, which are no imports when it runs: documents, rules and renderers are
 * pure, and write or show what a room above them makes.
 */
const TYPES: Record<string, string[]> = {
  documents: ["measure", "checks", "diagnosis", "compare", "gate", "study"],
  checks: ["measure", "probe"],
  diagnosis: ["measure", "probe"],
  compare: ["measure"],
  render: ["measure", "gate", "study"],
  picture: ["measure", "gate", "study"],
};

/** These know no tensors, and so nothing of the engine. */
const PURE = ["theory", "documents", "checks", "diagnosis", "compare", "gate", "render", "picture"];

const SRC = new URL("../src/", import.meta.url);

const IMPORTS = await readImports(SRC);

const roomOf = (path: string) => ROOMS.find((room) => path.startsWith(`${room}/`));

/** The imports from one room to another. */
const ARROWS = IMPORTS.flatMap((one) => {
  const [room, other] = [roomOf(one.from), roomOf(one.to)];
  return room && other && room !== other ? [{ ...one, room, other }] : [];
});

const show = ({ from, to }: Import) => `${from} -> ${to}`;

Deno.test("every room of src/ has its place on the map, and its imports are read", async () => {
  const outside = IMPORTS.map(({ from }) => from).filter((from) => roomOf(from) === undefined);
  assertEquals([...new Set(outside)], ["mod.ts"]);
  const folders = (await Array.fromAsync(Deno.readDir(SRC))).filter(({ isDirectory }) =>
    isDirectory
  );
  assertEquals(ROOMS.toSorted(), folders.map(({ name }) => name).sort());
  // The words stand on nothing.
  for (const room of ROOMS.slice(1)) assert(ARROWS.some((one) => one.room === room), room);
  for (const [room, others] of Object.entries(TYPES)) {
    for (const other of others) {
      assert(ARROWS.some((one) => one.room === room && one.other === other), `${room}, ${other}`);
    }
  }
});

Deno.test("the imports of src/ run one way", () => {
  const up = ARROWS.filter(({ room, other, kind }) =>
    ROOMS.indexOf(other) > ROOMS.indexOf(room) && !(kind === "type" && TYPES[room]?.includes(other))
  );
  assertEquals(up.map(show), []);
});

Deno.test("documents, rules and renderers take types alone of what measures", () => {
  const values = ARROWS.filter(({ room, other, kind }) =>
    kind !== "type" && TYPES[room]?.includes(other)
  );
  assertEquals(values.map(show), []);
});

/** The modules of some rooms. */
const modulesOf = (rooms: string[]) =>
  IMPORTS.map(({ from }) => from).filter((from) => rooms.includes(roomOf(from)!));

Deno.test("theory, documents, rules, gate and renderers know nothing of the engine, nor load any of it", () => {
  const known = ARROWS.filter(({ room, other }) => PURE.includes(room) && other === "engine");
  assertEquals(known.map(show), []);
  const loaded = loadedWith(IMPORTS, modulesOf(PURE));
  assert(loaded.includes("words/nearest.ts"));
  assertEquals(loaded.filter((path) => roomOf(path) === "engine"), []);
});

Deno.test("nothing loads TensorFlow.js, or our own WASM, before the engine starts", () => {
  const entries = ["mod.ts", ...ROOMS.map((room) => `${room}/mod.ts`), ...modulesOf(["cli"])];
  const loaded = loadedWith(IMPORTS, entries);
  assert(loaded.includes("measure/run_pass.ts"));
  const engine = ["engine/native/binaries.ts", "engine/start_backend.ts"];
  assertEquals(
    loaded.filter((path) => path.includes("@tensorflow/") || engine.includes(path)),
    [],
  );
});

Deno.test("public functions alone look which engine runs; what they call is handed it", () => {
  const doors = IMPORTS.filter(({ to }) => to === "engine/running_engine.ts")
    .map(({ from }) => from);
  assertEquals(doors.sort(), [
    "assert/health_monitor.ts",
    "assert/not_interrupted.ts",
    "assert/open_draw.ts",
    "engine/mod.ts",
    "engine/start_engine.ts",
    "examine/apply_cures.ts",
    "examine/examine.ts",
    "measure/activations.ts",
    "measure/gradients.ts",
    "measure/measure.ts",
    "measure/statistics.ts",
    "model/exercise_model.ts",
    "model/is_disposed.ts",
    "model/load_model.ts",
    "model/random_batch.ts",
    "model/random_targets.ts",
    "model/read_batch.ts",
    "model/rescale_weights.ts",
    "model/save_model.ts",
    "model/set_weights.ts",
    "model/torch/load_weights.ts",
    "probe/open_probe.ts",
    "study/run_study.ts",
  ]);
});

Deno.test("Deno has few modules to read before --help can answer", () => {
  // It reads whatever mod.ts may import by a literal at some time, before its first line runs: with 515
  // modules that took 2.5 empty runs, with 209 it takes 1.8 (`bench/cold_start_bench.ts`), so 2.2 is reached
  // with 400 or so.
  const read = loadedWith(IMPORTS, ["cli/overview.ts", "cli/run.ts"], ["value", "late"]);
  assert(read.includes("cli/check.ts"));
  const working = loadedWith(IMPORTS, ["cli/run_check.ts"], ["value", "late"]);
  assert(working.includes("cli/formats.ts"));
  for (const modules of [read, working]) {
    assertEquals(modules.filter((path) => /^picture\/|^@observablehq|^linkedom/.test(path)), []);
  }
  assert(read.length <= 340, `${read.length} modules`);
});

import { assert, assertEquals } from "@std/assert";
import { circlesIn, type Import, loadedWith, readImports } from "./read_imports.ts";

/** The rooms of src/ from the ground up, as the map has them: a room imports only from those before it. */
const ROOMS = [
  ...(await Deno.readTextFile(new URL("../docs/architecture.md", import.meta.url)))
    .matchAll(/^\| `(\w+)` +\|/gm),
].map(([, room]) => room);

/** Rooms of which a room imports only types: rules and renderers are pure, and show what rooms with tensors make. */
const TYPES: Record<string, string[]> = {
  rules: ["measure", "probe", "gate"],
  diagnosis: ["measure", "probe"],
  compare: ["measure"],
  render: ["measure"],
  picture: ["measure"],
};

/** Rooms without tensors, which know nothing of the engine. */
const PURE = ["theory", "rules", "diagnosis", "compare", "training", "gate", "render", "picture"];

/** True for the one part of a pure room that runs a model. */
const runsModels = (path: string) => path.startsWith("diagnosis/examine/");

const SRC = new URL("../src/", import.meta.url);

const IMPORTS = await readImports(SRC);

const roomOf = (path: string) => ROOMS.find((room) => path.startsWith(`${room}/`));

/** The imports from one room to another. */
const ARROWS = IMPORTS.flatMap((one) => {
  const room = roomOf(one.from);
  const other = roomOf(one.to);
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
  // The words import nothing.
  for (const room of ROOMS.slice(1)) assert(ARROWS.some((one) => one.room === room), room);
  for (const [room, others] of Object.entries(TYPES)) {
    for (const other of others) {
      assert(ARROWS.some((one) => one.room === room && one.other === other), `${room}, ${other}`);
    }
  }
});

Deno.test("the map and the recipes name files that exist", async () => {
  const missing: string[] = [];
  for (const guide of ["architecture", "decisions", "recipes"]) {
    const text = await Deno.readTextFile(new URL(`../docs/${guide}.md`, import.meta.url));
    const named = text.matchAll(/`((?:src|tests|tools|bench|fixtures)\/[\w/]+(?:\.\w+|\/))`/g);
    for (const [, path] of named) {
      // A recipe names files that are yet to be written.
      if (/NAME|foo|my_rule/.test(path)) continue;
      const found = await Deno.stat(new URL(`../${path}`, import.meta.url)).catch(() => null);
      if (found === null) missing.push(`docs/${guide}.md: ${path}`);
    }
  }
  assertEquals(missing, []);
});

Deno.test("the imports of src/ run one way", () => {
  const up = ARROWS.filter(({ room, other, kind }) =>
    ROOMS.indexOf(other) > ROOMS.indexOf(room) && !(kind === "type" && TYPES[room]?.includes(other))
  );
  assertEquals(up.map(show), []);
});

Deno.test("rules and renderers import only types of what measures", () => {
  const values = ARROWS.filter(({ from, room, other, kind }) =>
    kind !== "type" && TYPES[room]?.includes(other) && !runsModels(from)
  );
  assertEquals(values.map(show), []);
});

/** The modules of some rooms. */
const modulesOf = (rooms: string[]) =>
  IMPORTS.map(({ from }) => from).filter((from) => rooms.includes(roomOf(from)!));

Deno.test("theory, rules, gate and renderers know nothing of the engine, nor load any of it", () => {
  const known = ARROWS.filter(({ from, room, other }) =>
    PURE.includes(room) && other === "engine" && !runsModels(from)
  );
  assertEquals(known.map(show), []);
  const loaded = loadedWith(IMPORTS, modulesOf(PURE).filter((path) => !runsModels(path)));
  assert(loaded.includes("words/input_error.ts"));
  assertEquals(loaded.filter((path) => roomOf(path) === "engine"), []);
});

Deno.test("nothing loads TensorFlow.js, or our own WASM, before the engine starts", () => {
  const entries = [
    "mod.ts",
    ...ROOMS.map((room) => room === "model" ? "load/mod.ts" : `${room}/mod.ts`),
    ...modulesOf(["cli"]),
  ];
  const loaded = loadedWith(IMPORTS, entries);
  assert(loaded.includes("measure/pass.ts"));
  const engine = ["engine/native/binaries.ts", "engine/start/start_backend.ts"];
  assertEquals(
    loaded.filter((path) => path.includes("@tensorflow/") || engine.includes(path)),
    [],
  );
});

/** All imports except the paths that workers are given. */
const CODE = IMPORTS.filter(({ kind }) => kind !== "path");

Deno.test("no files of src/ import one another in a circle, types included", () => {
  assertEquals(circlesIn([...CODE, { from: "a", to: "b", kind: "type" }]), []);
  const back: Import = { from: "b", to: "a", kind: "value" };
  assertEquals(circlesIn([{ from: "a", to: "b", kind: "type" }, back]), [["a", "b"]]);
});

Deno.test("public functions alone look which engine runs; what they call is handed it", () => {
  const doors = IMPORTS.filter(({ to }) => to === "engine/running_engine.ts")
    .map(({ from }) => from);
  assertEquals(doors.sort(), [
    "assert/assert_model_healthy.ts",
    "assert/assert_trains.ts",
    "assert/create_model.ts",
    "assert/health_monitor.ts",
    "assert/training_watch.ts",
    "diagnosis/examine/apply_fixes.ts",
    "diagnosis/examine/examine.ts",
    "engine/mod.ts",
    "engine/start/start_engine.ts",
    "load/load_model.ts",
    "load/load_weights.ts",
    "load/read_batch.ts",
    "load/save_model.ts",
    "measure/measure.ts",
    "measure/pass_tensors.ts",
    "measure/taken_tensors.ts",
    "model/batches/random_batch.ts",
    "model/layers/exercise_model.ts",
    "model/require_model.ts",
    "model/weights/model_weights.ts",
    "probe/open_probe.ts",
    "study/run_study.ts",
  ]);
});

Deno.test("Deno has few modules to read before --help can answer", () => {
  // It reads whatever mod.ts may import by a literal at some time, before its first line runs: with 515
  // modules that took 2.5 empty runs, with 209 it takes 1.8 (`bench/cold_start_bench.ts`), so 2.2 is reached
  // with 400 or so.
  const read = loadedWith(IMPORTS, ["cli/overview.ts", "cli/main.ts"], ["value", "late"]);
  assert(read.includes("cli/commands/check.ts"));
  const working = loadedWith(IMPORTS, ["cli/commands/run_check.ts"], ["value", "late"]);
  assert(working.includes("cli/formats.ts"));
  for (const modules of [read, working]) {
    assertEquals(modules.filter((path) => /^picture\//.test(path)), []);
  }
  assert(read.length <= 340, `${read.length} modules`);
  // What runs for the help of a command, though Deno reads more: unpacking files made it a third slower.
  const run = loadedWith(IMPORTS, ["cli/main.ts", "cli/commands/check.ts"]);
  assert(run.includes("model/user_code/foreign_code.ts"));
  assert(!run.includes("model/files/unzip.ts"));
});

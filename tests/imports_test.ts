import { assert, assertEquals } from "@std/assert";
import { circlesIn, type Import, loadedWith, modulesIn, readImports } from "./read_imports.ts";

const MAP = await Deno.readTextFile(new URL("../docs/architecture.md", import.meta.url));

/** The rooms in the table of the map that has this heading, in its order. */
function rowsUnder(heading: string): string[] {
  const rooms: string[] = [];
  let reading = false;
  for (const line of MAP.split("\n")) {
    if (line.startsWith(`| ${heading} `)) reading = true;
    else if (!line.startsWith("|")) reading = false;
    else if (reading) {
      rooms.push(...[...line.matchAll(/^\| `([\w/]+)` +\|/g)].map(([, room]) => room));
    }
  }
  return rooms;
}

/** From the ground up: a floor imports only from those before it. */
const FLOORS = rowsUnder("floor");

/** A wing imports floors, and no other wing. */
const WINGS = rowsUnder("wing");

/** Doors import anything; nothing imports them. */
const DOORS = rowsUnder("door");

const ROOMS = [...FLOORS, ...WINGS, ...DOORS];

/** Rooms of which a room imports only types: rules and renderers are pure, and show what rooms with tensors make. */
const TYPES: Record<string, string[]> = {
  "core/rules": ["core/measure", "core/probe"],
  "core/diagnosis": ["core/measure", "core/probe"],
  "core/compare": ["core/measure"],
  "core/text": ["core/measure"],
  "pages": ["core/measure"],
};

/** Rooms without tensors, which know nothing of the engine. */
const PURE = [
  "ground/theory",
  "core/rules",
  "core/diagnosis",
  "core/compare",
  "core/text",
  "pages",
  "gate",
];

/** True for the parts of pure rooms that run a model. */
const runsModels = (path: string) => path.startsWith("core/diagnosis/examine/");

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

Deno.test("every room of src/ has its place on the map, and its imports are read", () => {
  const outside = IMPORTS.map(({ from }) => from).filter((from) => roomOf(from) === undefined);
  assertEquals([...new Set(outside)], ["mod.ts"]);
  const folders = [...Deno.readDirSync(SRC)].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name);
  assertEquals([...new Set(ROOMS.map((room) => room.split("/")[0]))].sort(), folders.sort());
  // The platform imports nothing.
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

/** True if the map allows an import. */
function isAllowed({ room, other, kind }: typeof ARROWS[number]): boolean {
  if (DOORS.includes(room)) return true;
  // The loader asks each wing, which it loads when a file looks like one of that wing's.
  if (room === "load" && kind === "late") return FLOORS.includes(other) || WINGS.includes(other);
  const floor = FLOORS.indexOf(other);
  return floor !== -1 && (WINGS.includes(room) || floor < FLOORS.indexOf(room));
}

Deno.test("the imports of src/ run one way, and no wing knows another", () => {
  const forbidden = ARROWS.filter((arrow) => !isAllowed(arrow));
  assertEquals(forbidden.map(show), []);
});

Deno.test("one room alone speaks to the runtime", async () => {
  const speaks: string[] = [];
  for await (const module of modulesIn(SRC)) {
    const path = module.href.slice(SRC.href.length);
    if (path.startsWith("platform/")) continue;
    const code = (await Deno.readTextFile(module)).replaceAll(/\/\*[^]*?\*\/|`[^`]*`/g, "");
    const found = code.match(/(?<!["\w])Deno\.\w+|from "node:\w+"|import\("node:\w+"/);
    if (found !== null) speaks.push(`${path}: ${found[0]}`);
  }
  assertEquals(speaks, []);
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
  assert(loaded.includes("ground/words/input_error.ts"));
  assertEquals(loaded.filter((path) => roomOf(path) === "engine"), []);
});

Deno.test("nothing loads TensorFlow.js, or our own WASM, before the engine starts", () => {
  const entries = [
    "mod.ts",
    ...ROOMS.map((room) => `${room}/mod.ts`),
    ...modulesOf(["cli", "entry"]),
  ];
  const loaded = loadedWith(IMPORTS, entries);
  assert(loaded.includes("core/measure/pass.ts"));
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
    "core/assert/assert_model_healthy.ts",
    "core/assert/create_model.ts",
    "core/diagnosis/examine/apply_fixes.ts",
    "core/diagnosis/examine/examine.ts",
    "core/measure/measure.ts",
    "core/measure/pass_tensors.ts",
    "core/measure/taken_tensors.ts",
    "core/model/batches/random_batch.ts",
    "core/model/layers/exercise_model.ts",
    "core/model/require_model.ts",
    "core/model/weights/model_weights.ts",
    "core/probe/open_probe.ts",
    "engine/mod.ts",
    "engine/start/start_engine.ts",
    "keras/save_model.ts",
    "load/load_model.ts",
    "load/load_weights.ts",
    "load/read_batch.ts",
    "study/run_study.ts",
    "training/monitor/assert_trains.ts",
    "training/monitor/health_monitor.ts",
    "training/monitor/training_watch.ts",
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
    assertEquals(modules.filter((path) => /^pages\//.test(path)), []);
  }
  assert(read.length <= 340, `${read.length} modules`);
  // What runs for the help of a command, though Deno reads more: unpacking files made it a third slower.
  const run = loadedWith(IMPORTS, ["cli/main.ts", "cli/commands/check.ts"]);
  assert(run.includes("files/user_code/foreign_code.ts"));
  assert(!run.includes("files/unzip.ts"));
});

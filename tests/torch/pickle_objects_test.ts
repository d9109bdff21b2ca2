import { ModelError } from "../../src/core/model/model_error.ts";
import { inertClass } from "../../src/torch/pickle_reader.ts";
import { readStateDict } from "../../src/torch/read_state_dict.ts";
import { assemblePickle, dictionaryParts, type Part, tensorParts } from "./assemble_pickle.ts";
import { refusalOf, torchFile } from "./fixture.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { parts } from "../assert_refused.ts";

const STORAGE = { 0: new Uint8Array(new Float32Array([1, 2, 3, 4]).buffer) };

const refusal = (parts: readonly Part[]) =>
  refusalOf(".pt", torchFile(assemblePickle(parts), STORAGE));

/** An object without a call of its class, then its attributes. */
const made = (module: string, name: string, attributes: Part[]): Part[] => [
  { global: [module, name] },
  { op: ")" },
  { op: 0x81 },
  ...attributes,
  { op: "b" },
];

const beside = (parts: Part[]) =>
  dictionaryParts({ state_dict: dictionaryParts({ "fc.weight": tensorParts() }), args: parts });

Deno.test("inertClass() knows classes that hold data, and nothing that runs", () => {
  const known = ([module, name]: string[]) => inertClass(module, name)?.path ?? null;
  assertEquals(known(["argparse", "Namespace"]), "argparse.Namespace");
  assertEquals(known(["numpy._core.multiarray", "scalar"]), "numpy.core.multiarray.scalar");
  assertEquals(known(["pathlib._local", "PosixPath"]), "pathlib.PosixPath");
  for (
    const name of [
      ["os", "system"],
      ["builtins", "eval"],
      ["builtins", "getattr"],
      ["argparse", "ArgumentParser"],
      ["argparse", "__init__"],
      ["numpy", "load"],
      ["functools", "partial"],
      ["__proto__", "constructor"],
      ["argparse", "constructor"],
    ]
  ) assertEquals(known(name), null, name.join("."));
});

Deno.test("readStateDict() carries a Namespace along and reads the weights beside it", () => {
  const pickle = assemblePickle(beside(
    made("argparse", "Namespace", dictionaryParts({ lr: [1] })),
  ));
  const { tensors, notes } = readStateDict(torchFile(pickle, STORAGE));
  assertEquals(tensors.map(({ name, read }) => [name, [...read()]]), [
    ["fc.weight", [1, 2, 3, 4]],
  ]);
  assertEquals(notes, ['A checkpoint: the weights are those of "state_dict"; "args" left out.']);
});

Deno.test("readStateDict() carries an OmegaConf along, as Lightning writes its arguments", () => {
  const list = made(
    "omegaconf.listconfig",
    "ListConfig",
    dictionaryParts({
      _metadata: made(
        "omegaconf.base",
        "ContainerMetadata",
        dictionaryParts({
          ref_type: [{ global: ["typing", "Any"] }],
          object_type: [{ global: ["__builtin__", "list"] }],
        }),
      ),
      _content: made("omegaconf.nodes", "AnyNode", dictionaryParts({ _val: [3] })),
    }),
  );
  const { tensors } = readStateDict(torchFile(assemblePickle(beside(list)), STORAGE));
  assertEquals(tensors.map(({ name }) => name), ["fc.weight"]);
});

Deno.test("readStateDict() finds a state dict one level deeper, under a usual name", () => {
  const weights = { state_dict: dictionaryParts({ "fc.weight": tensorParts() }), args: [1] };
  const file = (name: string) =>
    torchFile(assemblePickle(dictionaryParts({ [name]: dictionaryParts(weights) })), STORAGE);
  const { tensors, notes } = readStateDict(file("model"));
  assertEquals(tensors.map(({ name }) => name), ["fc.weight"]);
  assertEquals(notes, ['A checkpoint: the weights are those of "state_dict"; "args" left out.']);
  assertThrows(() => readStateDict(file("other")), ModelError, "no tensors by name");
});

Deno.test("readStateDict() reads the texts of Python 2", () => {
  const name = new TextEncoder().encode("fc.weight");
  for (const head of [[0x55, name.length], [0x54, name.length, 0, 0, 0]]) {
    const parts: Part[] = [
      { op: "}" },
      new Uint8Array([...head, ...name]),
      ...tensorParts(),
      { op: "s" },
    ];
    const { tensors } = readStateDict(torchFile(assemblePickle(parts), STORAGE));
    assertEquals(tensors.map(({ name }) => name), ["fc.weight"]);
  }
});

Deno.test("readStateDict() refuses what runs within a Namespace", async () => {
  const call: Part[] = [
    { global: ["os", "system"] },
    "touch hacked",
    { op: 0x85 },
    { op: "R" },
  ];
  assertEquals(
    await refusal(beside(made("argparse", "Namespace", call))),
    parts("The pickle", '"os.system", which is code and is not run here', "only tensors"),
  );
});

Deno.test("readStateDict() refuses objects of other classes, and attributes of what has none", async () => {
  assertEquals(
    await refusal(beside(made("torch", "Size", [1]))),
    parts("The pickle", 'an object of "torch.Size" without calling it', "what torch.save writes"),
  );
  assertEquals(
    await refusal([...tensorParts(), 1, { op: "b" }]),
    parts("The pickle", "attributes of what has none", "what torch.save writes"),
  );
  assertEquals(
    await refusal([1, 2, { op: 0x81 }]),
    parts("The pickle", "an object of something other than a global", "what torch.save writes"),
  );
});

Deno.test("readStateDict() says what a file holds that has an object alone", async () => {
  assertEquals(
    await refusal(made("argparse", "Namespace", [1])),
    parts("The file", "an object of argparse.Namespace", "a state dict"),
  );
});

Deno.test("readStateDict() makes 20,000 objects of one list without 20,000 copies of it", async () => {
  const keep = (i: number): Part[] => [{ op: "q" }, new Uint8Array([i])];
  const recall = (i: number): Part[] => [{ op: "h" }, new Uint8Array([i])];
  const items = Array.from({ length: 20_000 }, () => 7);
  const parts: Part[] = [{ global: ["argparse", "Namespace"] }, ...keep(0), { op: "(" }, ...items];
  parts.push({ op: "t" }, ...keep(1), { op: "]" }, { op: "(" });
  for (let i = 0; i < 20_000; i++) parts.push(...recall(0), ...recall(1), { op: 0x81 });
  parts.push({ op: "e" });
  const before = Deno.memoryUsage().heapUsed;
  assertEquals((await refusal(parts)).found, "an array of 20000 items");
  assert(Deno.memoryUsage().heapUsed - before < 5e8);
});

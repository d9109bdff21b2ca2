import { readStateDict } from "../../src/torch/read_state_dict.ts";
import { ModelError } from "../../src/core/model/model_error.ts";
import { writeZip } from "../files/write_zip.ts";
import { assemblePickle, dictionaryParts, type Part, tensorParts } from "./assemble_pickle.ts";
import { assertEquals, assertThrows } from "@std/assert";

const archiveOf = (parts: readonly Part[], codes = Int8Array.of(-127, 0, 1, 127)) =>
  writeZip([
    { name: "net/data.pkl", content: assemblePickle(parts) },
    { name: "net/data/0", content: new Uint8Array(codes.buffer) },
    { name: "net/data/1", content: new Uint8Array(Float32Array.of(0.5, 2).buffer) },
  ]);

/** A quantised tensor as PyTorch writes it: its codes, with a scheme, a scale and a zero. */
function quantizedParts(): Part[] {
  const plain = tensorParts({ kind: "QInt8Storage" });
  const rebuild: Part = { global: ["torch._utils", "_rebuild_qtensor"] };
  const scheme: Part[] = [
    { op: "(" },
    { global: ["torch", "per_tensor_affine"] },
    1,
    0,
    { op: "t" },
  ];
  const flag = plain.findLastIndex((part) =>
    typeof part === "object" && "op" in part && part.op === 0x89
  );
  return [rebuild, ...plain.slice(1, flag), ...scheme, ...plain.slice(flag)];
}

Deno.test("quantised tensors are read as their codes, also those in packed parameters", () => {
  const bias = tensorParts({ key: "1", count: 2, shape: [2], strides: [1] });
  const packed: Part[] = [{ op: "(" }, ...quantizedParts(), ...bias, { op: "t" }];
  const file = archiveOf(dictionaryParts({
    "fc._packed_params.dtype": [{ global: ["torch", "qint8"] }],
    "fc._packed_params._packed_params": packed,
    "conv.weight": quantizedParts(),
  }));
  const { tensors } = readStateDict(file);
  assertEquals(tensors.map(({ name, type, shape }) => [name, type, shape]), [
    ["fc.weight", "int8", [2, 2]],
    ["fc.bias", "float32", [2]],
    ["conv.weight", "int8", [2, 2]],
  ]);
  assertEquals(tensors.map(({ read }) => [...read()]), [[-127, 0, 1, 127], [0.5, 2], [
    -127,
    0,
    1,
    127,
  ]]);
});

Deno.test("a file without a state dict says what it holds", () => {
  const refused = (parts: Part[], said: string) => {
    const { message } = assertThrows(() => readStateDict(archiveOf(parts)), ModelError);
    assertEquals(message, `The file holds ${said}, expected one state dict`);
  };
  refused(
    dictionaryParts({ state: [1], param_groups: [2] }),
    "the state of an optimizer alone",
  );
  refused(
    dictionaryParts({ a: [1], b: [2], c: [3], d: [4], e: [5] }),
    'no tensors by name in "a", "b", "c", "d" ...',
  );
  refused(dictionaryParts({}), "no tensors by name");
});

import { type Packed, writeZip } from "../../files/write_zip.ts";
import { assemblePickle, dictionaryParts, tensorParts } from "../assemble_pickle.ts";
import { torchFile } from "../fixture.ts";

/** Size of a program of linear layers, one after the other. */
export interface ProgramSize {
  layers: number;
  units: number;
  /** True for the layout before PyTorch 2.9: the weights are a pickle. */
  isPickled: boolean;
  /** Number of letters of each layer's stack trace. */
  letters?: number;
}

const integer = (value: number) => ({ as_int: value });
const tensor = (name: string) => ({ as_tensor: { name } });

const metaOf = (rows: number, columns: number) => ({
  dtype: 7,
  sizes: [rows, columns].map(integer),
  requires_grad: true,
  device: { type: "cpu", index: null },
  strides: [columns, 1].map(integer),
  storage_offset: integer(0),
  layout: 7,
});

/** Returns the graph of a program. */
function graphOf({ layers, units, letters = 0 }: ProgramSize) {
  const all = Array.from({ length: layers }, (_, i) => i);
  const weight = metaOf(units, units);
  const rows = metaOf(4, units);
  const output = `y${layers - 1}`;
  const stack_trace = `File "model.py", line 1, in ${"f".repeat(letters)}`;
  return {
    schema_version: { major: 8, minor: 8 },
    graph_module: {
      graph: {
        inputs: [...all.map((i) => tensor(`w${i}`)), tensor("x")],
        outputs: [tensor(output)],
        nodes: all.map((i) => ({
          target: "torch.ops.aten.linear.default",
          inputs: [
            { name: "input", arg: tensor(i === 0 ? "x" : `y${i - 1}`), kind: 1 },
            { name: "weight", arg: tensor(`w${i}`), kind: 1 },
          ],
          outputs: [tensor(`y${i}`)],
          metadata: { stack_trace },
        })),
        tensor_values: Object.fromEntries([
          ...all.flatMap((i) => [[`w${i}`, weight], [`y${i}`, rows]]),
          ["x", rows],
        ]),
      },
      signature: {
        input_specs: [
          ...all.map((i) => ({
            parameter: { arg: { name: `w${i}` }, parameter_name: `${i}.weight` },
          })),
          { user_input: { arg: tensor("x") } },
        ],
        output_specs: [{ user_output: { arg: tensor(output) } }],
      },
    },
  };
}

/** Writes a program whose weights are all 0. */
export async function writeLargeProgram(path: string, size: ProgramSize): Promise<void> {
  const { layers, units, isPickled } = size;
  const all = Array.from({ length: layers }, (_, i) => i);
  const zeros = new Uint8Array(4 * units * units);
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const files: Packed[] = [{ name: "net/models/model.json", content: json(graphOf(size)) }];
  if (isPickled) {
    const shape = [units, units];
    const strides = [units, 1];
    const parts = all.map((i) => [
      `${i}.weight`,
      tensorParts({ key: `${i}`, count: units * units, shape, strides }),
    ]);
    const pickle = assemblePickle([
      { op: 0x80 },
      { op: 2 },
      ...dictionaryParts(Object.fromEntries(parts)),
    ]);
    const storages = Object.fromEntries(all.map((i) => [`${i}`, zeros]));
    files.push({ name: "net/data/weights/model.pt", content: torchFile(pickle, storages) });
  } else {
    const config = Object.fromEntries(all.map((i) => [`${i}.weight`, {
      path_name: `weight_${i}`,
      use_pickle: false,
      tensor_meta: metaOf(units, units),
    }]));
    files.push({
      name: "net/data/weights/model_weights_config.json",
      content: json({ config }),
    });
    for (const i of all) files.push({ name: `net/data/weights/weight_${i}`, content: zeros });
  }
  await Deno.writeFile(path, writeZip(files));
}

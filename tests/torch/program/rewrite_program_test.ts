import { assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel } from "../../../src/load/load_model.ts";
import { getWeights, setWeights } from "../../../src/model/weights/set_weights.ts";
import { rewriteProgram } from "../../../src/torch/program/load_program.ts";
import { editedProgram } from "./edited_program.ts";

Deno.test("rewriteProgram() keeps the changes of two weights that lie in one file", async () => {
  await using _engine = await startEngine();
  // 16 x 8 entries of one weight, and 3 x 16 of the other behind them.
  const storage = new Float32Array(16 * 8 + 3 * 16).fill(0.5);
  const path = await editedProgram("mlp", {
    weights({ config }) {
      config["head.weight"].path_name = config["hidden.weight"].path_name;
      config["head.weight"].tensor_meta.storage_offset.as_int = 16 * 8;
    },
    file: { "weights/weight_0": new Uint8Array(storage.buffer) },
  });
  const { model } = await loadModel(path);
  const names = ["hidden.weight", "head.weight"];
  const before = getWeights(model);
  setWeights(
    model,
    Object.fromEntries(
      names.map((name, i) => [name, new Float32Array(before[name].values.length).fill(i + 1)]),
    ),
  );
  const { bytes } = await rewriteProgram(model, path);
  model.dispose();
  await Deno.writeFile(path, bytes as Uint8Array<ArrayBuffer>);
  const { model: again } = await loadModel(path);
  const after = getWeights(again);
  assertEquals(names.map((name) => [...new Set(after[name].values)]), [[1], [2]]);
  again.dispose();
});

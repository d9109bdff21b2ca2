import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { loadModel } from "../../src/load/load_model.ts";

const FOLDER = new URL("../../examples/torch/", import.meta.url);

/** A Python with PyTorch, or `null`. */
const python = ["python3", Deno.env.get("TORCH_PYTHON")].find((name) => {
  try {
    const args = ["-c", "import torch, numpy"];
    return name !== undefined && new Deno.Command(name, { args }).outputSync().success;
  } catch {
    return false;
  }
}) ?? null;
if (python === null) console.error("no PyTorch (TORCH_PYTHON): examples/torch is not exported");

Deno.test({
  name: "examples/torch/classifier.py writes the program and the batch beside it",
  ignore: python === null,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.copyFile(new URL("classifier.py", FOLDER), `${folder}/classifier.py`);
      const { code, stderr } = await new Deno.Command(python!, {
        args: [`${folder}/classifier.py`],
      })
        .output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      await using _engine = await startEngine();
      const layersOf = async (path: string) => {
        const { model } = await loadModel(path);
        const layers = model.layers.map((layer) => [layer.name, layer.getClassName()]);
        model.dispose();
        return layers;
      };
      const written = await layersOf(`${folder}/classifier.pt2`);
      assertEquals(written, await layersOf(new URL("classifier.pt2", FOLDER).pathname));
      assert(written.length > 10);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

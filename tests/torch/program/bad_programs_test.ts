import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel } from "../../../src/load/load_model.ts";
import { ModelError } from "../../../src/model/model_error.ts";
import { editedProgram, type Edits, type Json, programPath } from "./edited_program.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";

await startEngine({ threads: 1 });

async function refusal(name: string, edits: Edits): Promise<string> {
  const path = await editedProgram(name, edits);
  const error = await assertRejects(() => loadModel(path), ModelError);
  await Deno.remove(path.replace(/\/[^/]*$/, ""), { recursive: true });
  assertEquals(error.message.includes("\n"), false);
  return error.message.replace(/^.*\.pt2: /, "");
}

const nodesOf = (json: Json): Json[] => json.graph_module.graph.nodes;
const nodeOf = (json: Json, target: string): Json =>
  nodesOf(json).find((node) => node.target.includes(target));

Deno.test("loadModel() refuses a program of another version", async () => {
  const found = await refusal("mlp", { graph: (json) => json.schema_version.major = 9 });
  assertStringIncludes(found, "schema_version.major is 9, expected 8");
});

Deno.test("loadModel() names all operations that it lacks, with module and line", async () => {
  const found = await refusal("mlp", {
    graph(json) {
      nodeOf(json, "relu").target = "torch.ops.aten.relish.default";
      nodeOf(json, "linear").target = "torch.ops.mylib.linear.default";
    },
  });
  assertStringIncludes(
    found,
    "The program has 2 operations that cannot be run here: mylib.linear.default in hidden (",
  );
  assertStringIncludes(found, "networks.py:");
  assertStringIncludes(found, "aten.relish.default in act (");
});

Deno.test("loadModel() refuses weights that are missing, or larger than their file", async () => {
  assertStringIncludes(
    await refusal("mlp", { file: { weight_0: null } }),
    'weights.hidden.weight is in "weight_0", which is missing from the file',
  );
  assertStringIncludes(
    await refusal("mlp", { weights: (json) => delete json.config["hidden.weight"] }),
    "The file has no tensor hidden.weight",
  );
  const sizes = (sizes: number[]) =>
    refusal("mlp", {
      weights(json) {
        const { tensor_meta: meta } = json.config["hidden.bias"];
        meta.sizes = sizes.map((size) => ({ as_int: size }));
      },
    });
  assertStringIncludes(await sizes([17]), "needs 17 entries, expected at most the 16");
  assertStringIncludes(await sizes([-1]), "is -1, expected a size");
});

Deno.test("loadModel() refuses a tensor that repeats a few bytes without end", async () => {
  const found = await refusal("mlp", {
    weights(json) {
      const { tensor_meta: meta } = json.config["hidden.bias"];
      meta.sizes = [{ as_int: 2 ** 40 }];
      meta.strides = [{ as_int: 0 }];
    },
  });
  assertStringIncludes(
    found,
    "needs 1099511627776 entries, expected at most the 16 of its storage",
  );
});

Deno.test("loadModel() refuses a graph that reads what nothing computes", async () => {
  const found = await refusal("mlp", {
    graph: (json) => nodeOf(json, "relu").inputs[0].arg.as_tensor.name = "nothing",
  });
  assertStringIncludes(found, "The graph reads nothing before any operation computes it");
});

Deno.test("loadModel() refuses a graph in a circle", async () => {
  const found = await refusal("mlp", { graph: (json) => nodesOf(json).reverse() });
  assertStringIncludes(found, "before any operation computes it");
});

Deno.test("loadModel() refuses what is not a program, each time in one sentence", async () => {
  const text = (value: string) => new TextEncoder().encode(value);
  assertStringIncludes(await refusal("mlp", { file: { "model.json": text("{") } }), "is not JSON");
  assertStringIncludes(
    await refusal("mlp", { file: { "model.json": text("[]") } }),
    "model.json is an empty array, expected an object",
  );
  assertStringIncludes(
    await refusal("mlp", { file: { "models/model.json": null } }),
    "has no models/model.json",
  );
  assertStringIncludes(await refusal("mlp", { file: { byteorder: text("big") } }), "byteorder");
  const bytes = await Deno.readFile(programPath("mlp.pt2"));
  const path = `${await Deno.makeTempDir()}/cut.pt2`;
  await Deno.writeFile(path, bytes.subarray(0, bytes.length / 2));
  const error = await assertRejects(() => loadModel(path), ModelError);
  assertStringIncludes(error.message, "not a whole zip archive");
  await assertRejects(() => loadModel("nothing.pt2"), ModelError, "nothing.pt2");
});

Deno.test("loadModel() takes a program without sample inputs, which then needs a batch", async () => {
  const path = await editedProgram("mlp", { file: { "model.pt": null } });
  const { model, createBatch } = await loadModel(path);
  assertEquals(createBatch, null);
  model.dispose();
});

Deno.test("loadModel() warns of a model that was exported in eval()", async () => {
  const path = await editedProgram("cnn", {
    graph(json) {
      for (const { inputs } of nodesOf(json)) {
        for (const { name, arg } of inputs) if (name === "training") arg.as_bool = false;
      }
    },
  });
  const { model, notes } = await loadModel(path);
  assertStringIncludes(notes?.join() ?? "", "exported in eval()");
  model.dispose();
  const inTraining = await loadModel(programPath("cnn.pt2"));
  assertEquals(inTraining.notes, []);
  inTraining.model.dispose();
});

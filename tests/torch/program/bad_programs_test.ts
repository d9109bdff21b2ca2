import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel, randomBatch } from "../../../src/entry/model.ts";
import { measure, MeasureError } from "../../../src/entry/measure.ts";
import { ModelError } from "../../../src/core/model/model_error.ts";
import { divideComplex } from "../../../src/torch/program/divide_complex.ts";
import type { Call } from "../../../src/torch/program/program.ts";
import { editedProgram, type Edits, type Json, newFolder, programPath } from "./edited_program.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { assertRefusedLater, parts, partsOf } from "../../assert_refused.ts";

const { tf } = await startEngine({ threads: 1 });

async function errorOf(name: string, edits: Edits): Promise<ModelError> {
  const path = await editedProgram(name, edits);
  const error = await assertRejects(() => loadModel(path), ModelError);
  assertEquals(error.message.includes("\n"), false);
  error.place = error.place.replace(/^.*\.pt2: /, "");
  return error;
}

const refusal = async (name: string, edits: Edits) => partsOf(await errorOf(name, edits));

const COMPUTED = "a value that an operation before it computes";

const nodesOf = (json: Json): Json[] => json.graph_module.graph.nodes;
const nodeOf = (json: Json, target: string): Json =>
  nodesOf(json).find((node) => node.target.includes(target));

Deno.test("loadModel() refuses a program of another version", async () => {
  const found = await refusal("mlp", { graph: (json) => json.schema_version.major = 9 });
  assertEquals(found, parts("schema_version.major", "9", "8, as PyTorch 2.8 to 2.15 write it"));
});

Deno.test("loadModel() names all operations that it lacks, with module and line", async () => {
  const { message: found } = await errorOf("mlp", {
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

Deno.test("loadModel() names the operations that it lacks for complex numbers", async () => {
  const { message: found } = await errorOf("waves", {
    graph(json) {
      nodeOf(json, "reciprocal").target = "torch.ops.aten.tan.default";
      const power = nodeOf(json, "aten.pow");
      power.inputs[1].arg = { as_float: 0.5 };
    },
  });
  assertStringIncludes(
    found,
    "The program has 2 operations that cannot be run here: aten.pow.Tensor_Scalar of complex " +
      "numbers (fixtures/torch_programs/networks.py:",
  );
  assertStringIncludes(found, "aten.tan.default of complex numbers (fixtures/");
  // Also if nothing else is put out.
  const { message: alone } = await errorOf("waves", {
    graph(json) {
      const node = nodeOf(json, "fft_rfft");
      node.target = "torch.ops.aten.tan.default";
      json.graph_module.graph.outputs[0] = node.outputs[0];
      json.graph_module.signature.output_specs[0].user_output.arg = node.outputs[0];
    },
  });
  assertStringIncludes(alone, "aten.tan.default of complex numbers (fixtures/");
  const without = (target: string) =>
    errorOf("waves", { graph: (json) => nodeOf(json, target).inputs = [] });
  for (const target of ["aten.view_as_complex", "aten.stft", "aten.fft_rfft.", "aten._conj"]) {
    assertStringIncludes((await without(target)).message, target);
  }
  const input = await refusal("mlp", {
    graph: (json) => json.graph_module.graph.tensor_values.x.dtype = 10,
  });
  assertEquals(input, parts('The input "x"', "complex", "real numbers"));
  const output = await refusal("waves", {
    graph(json) {
      const { signature, graph } = json.graph_module;
      const complex = Object.keys(graph.tensor_values).filter((name) =>
        graph.tensor_values[name].dtype === 10 && name.startsWith("fft_rfft")
      );
      signature.output_specs[0].user_output.arg = { as_tensor: { name: complex[0] } };
    },
  });
  assertEquals(output, parts("The program", "no output of floats", "one"));
});

Deno.test("divideComplex() knows a product of two complex tensors, and none of three", () => {
  const sizes = [2];
  const targetOf = (factors: string[]) => {
    const names = ["a", "b", "c", "out"];
    const values = new Map(names.map((name) => [name, { type: "complex64", sizes } as const]));
    const call: Call = {
      name: "einsum",
      target: "aten.einsum.default",
      args: { operands: { is: "list", items: factors.map((name) => ({ is: "value", name })) } },
      results: ["out"],
      modules: [],
      source: null,
    };
    const held = new Map(
      names.slice(0, 3).map((name) => [name, { kind: "buffer", name }] as const),
    );
    const divided = divideComplex({ calls: [call], values, outputs: [], changed: new Map() }, {
      inputs: [],
      held,
    });
    return divided.calls.at(-1)!.target;
  };
  assertEquals(targetOf(["a", "b"]), "aten.add.Tensor");
  assertEquals(targetOf(["a", "b", "c"]), "aten.einsum.default of complex numbers");
});

Deno.test("loadModel() refuses weights that are missing, or larger than their file", async () => {
  assertEquals(
    await refusal("mlp", { file: { weight_0: null } }),
    parts("weights.hidden.weight", 'in "weight_0"', "one in the file"),
  );
  assertEquals(
    await refusal("mlp", { weights: (json) => delete json.config["hidden.weight"] }),
    parts("The file", "no tensor hidden.weight", "one as the graph reads it"),
  );
  const sizes = (sizes: number[]) =>
    refusal("mlp", {
      weights(json) {
        const { tensor_meta: meta } = json.config["hidden.bias"];
        meta.sizes = sizes.map((size) => ({ as_int: size }));
      },
    });
  const most = "at most the 16 of its storage";
  const bias = '"weights.hidden.bias" of shape [17]';
  assertEquals(await sizes([17]), parts(bias, "17 entries", most));
  assertEquals(await sizes([-1]), parts("weights.hidden.bias.sizes", "-1", "a size"));
});

Deno.test("loadModel() refuses a tensor that repeats a few bytes without end", async () => {
  const found = await refusal("mlp", {
    weights(json) {
      const { tensor_meta: meta } = json.config["hidden.bias"];
      meta.sizes = [{ as_int: 2 ** 40 }];
      meta.strides = [{ as_int: 0 }];
    },
  });
  const place = '"weights.hidden.bias" of shape [1099511627776]';
  assertEquals(found, parts(place, "1099511627776 entries", "at most the 16 of its storage"));
});

Deno.test("loadModel() refuses a graph that reads what nothing computes", async () => {
  const found = await refusal("mlp", {
    graph: (json) => nodeOf(json, "relu").inputs[0].arg.as_tensor.name = "nothing",
  });
  assertEquals(found, parts("The graph", "nothing", COMPUTED));
});

Deno.test("loadModel() refuses a graph in a circle", async () => {
  const found = await refusal("mlp", { graph: (json) => nodesOf(json).reverse() });
  assertEquals(found, parts("The graph", "dropout", COMPUTED));
});

Deno.test("loadModel() refuses what is not a program, each time in one sentence", async () => {
  const text = (value: string) => new TextEncoder().encode(value);
  assertEquals(
    await refusal("mlp", { file: { "model.json": text("{") } }),
    parts("mlp/models/model.json", "not JSON", "JSON"),
  );
  assertEquals(
    await refusal("mlp", { file: { "model.json": text("[]") } }),
    parts("model.json", "an empty array", "an object"),
  );
  assertEquals(
    await refusal("mlp", { file: { "models/model.json": null } }),
    parts(
      "The zip archive",
      "no models/model.json",
      "one as torch.export.save of PyTorch 2.8 or later writes it",
    ),
  );
  assertEquals(
    await refusal("mlp", { file: { byteorder: text("big") } }),
    parts("byteorder of the file", "not little", "little-endian numbers"),
  );
  const bytes = await Deno.readFile(programPath("mlp.pt2"));
  const path = `${newFolder()}/cut.pt2`;
  await Deno.writeFile(path, bytes.subarray(0, bytes.length / 2));
  const error = await assertRejects(() => loadModel(path), ModelError);
  assertStringIncludes(error.message, "not a whole zip archive");
  await assertRefusedLater(
    () => loadModel("nothing.pt2"),
    parts("nothing.pt2", "there is no such file", ""),
    ModelError,
  );
});

Deno.test("loadModel() takes a program without sample inputs, which then needs a batch", async () => {
  const path = await editedProgram("mlp", { file: { "model.pt": null } });
  const { model, createBatch, notes } = await loadModel(path);
  assertEquals(createBatch, null);
  assertEquals(notes, [
    "The sample inputs of the program cannot be used: the file has none. Without --batch, its batch is " +
    "drawn at random.",
  ]);
  model.dispose();
});

Deno.test("loadModel() says that sample inputs cannot be read, and why", async () => {
  const path = await editedProgram("mlp", { file: { "model.pt": new Uint8Array(40) } });
  const { model, createBatch, notes } = await loadModel(path);
  assertEquals(createBatch, null);
  assertStringIncludes(notes?.join() ?? "", "The sample inputs of the program cannot be used: ");
  model.dispose();
});

Deno.test("loadModel() refuses a program whose output is detached", async () => {
  const error = await errorOf("mlp", {
    graph(json) {
      const node = structuredClone(nodeOf(json, "relu"));
      const { graph } = json.graph_module;
      const [{ user_output: { arg } }] = json.graph_module.signature.output_specs;
      node.target = "torch.ops.aten.detach.default";
      node.inputs = [{ name: "self", arg: { as_tensor: { ...arg.as_tensor } }, kind: 1 }];
      node.outputs = [{ as_tensor: { name: "loose" } }];
      graph.nodes.push(node);
      graph.tensor_values.loose = graph.tensor_values[arg.as_tensor.name];
      arg.as_tensor.name = "loose";
    },
  });
  assertEquals(
    partsOf(error),
    parts(
      "The output of the program",
      "computed under torch.no_grad() or detached",
      "a gradient for its parameters",
    ),
  );
  assertStringIncludes(error.message, ": export the model with gradients on");
});

Deno.test("loadModel() names functions whose own backward passes are not in the file", async () => {
  const inner = '  File "model.py", line 9, in forward\n    return x.relu()\n';
  const notesOf = async (code: string) => {
    const path = await editedProgram("mlp", {
      graph: (json) =>
        nodeOf(json, "relu").metadata.stack_trace =
          `  File "model.py", line 4, in forward\n    ${code}\n${inner}`,
    });
    const { model, notes } = await loadModel(path);
    model.dispose();
    return notes;
  };
  assertEquals(await notesOf("y = Rounding.apply(x)"), [
    "An exported program has no backward pass of an autograd.Function: the gradients of Rounding " +
    "are those of its forward pass, and may differ from PyTorch's in training.",
  ]);
  assertEquals(await notesOf("y = self.block(x)"), []);
  assertEquals(await notesOf("y = self.apply(x)"), []);
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

Deno.test("loadModel() says that half precision is computed in float32, and nothing of float64", async () => {
  const notesOf = async (dtype: number) => {
    const path = await editedProgram("mlp", {
      graph: (json) => json.graph_module.graph.tensor_values.relu.dtype = dtype,
    });
    const { model, notes } = await loadModel(path);
    model.dispose();
    return notes;
  };
  const sentence = (dtype: string) =>
    `The program computes in ${dtype}: 1 operation from aten.relu.default in act ` +
    "(fixtures/torch_programs/networks.py:17) on. Here all is float32, so that figures may " +
    "differ from PyTorch's.";
  assertEquals(await notesOf(13), [sentence("bfloat16, which rounds to 1 part in 256")]);
  assertEquals(await notesOf(6), [
    sentence("float16, which rounds to 1 part in 2048 and overflows beyond 65504"),
  ]);
  assertEquals(await notesOf(8), []);
});

Deno.test("loadModel() refuses an operation whose name is an object", async () => {
  const found = await refusal("mlp", {
    graph: (json) => nodeOf(json, "relu").target = { toString: 1 },
  });
  assertEquals(found, parts("nodes[1].target", "an object", "a text"));
});

Deno.test("loadModel() refuses a value that is computed twice, and keeps no tensors", async () => {
  const tensors = tf.memory().numTensors;
  const repeated = await refusal("cnn", {
    graph: (json) => nodesOf(json).push(structuredClone(nodeOf(json, "conv2d"))),
  });
  assertEquals(repeated, parts("The graph", '"conv2d" twice', "once"));
  const overwritten = await refusal("mlp", {
    graph: (json) => nodeOf(json, "relu").outputs[0].as_tensor.name = "p_hidden_weight",
  });
  assertEquals(overwritten, parts("The graph", '"p_hidden_weight" twice', "once"));
  assertEquals(tf.memory().numTensors, tensors);
});

Deno.test("loadModel() refuses sizes of values that no tensor has", async () => {
  const sizes = (...sizes: unknown[]) =>
    refusal("sequence", {
      graph: (json) => json.graph_module.graph.tensor_values.mean.sizes = sizes,
    });
  const place = 'tensor_values["mean"].sizes';
  for (const size of [-1e308, 1e308, 0.5]) {
    assertEquals(await sizes({ as_int: size }), parts(place, `${size}`, "a size"));
  }
  const formula = { as_expr: { expr_str: "10 ** 400" } };
  assertEquals(await sizes(formula), parts(place, "Infinity", "a size"));
  assertEquals(
    await sizes({ as_int: 2 ** 27 }, { as_int: 2 ** 26 }),
    parts(place, '"134217728 x 67108864"', "sizes of at most 2^53 entries"),
  );
});

Deno.test("loadModel() quotes no name of thousands of letters", async () => {
  const named = (letters: number) =>
    refusal("mlp", {
      graph(json) {
        const { parameter } = json.graph_module.signature.input_specs[0];
        parameter.parameter_name = "x".repeat(letters);
      },
    });
  assertEquals((await named(400)).found, `no tensor ${"x".repeat(400)}`);
  const { place, expected } = await named(401);
  assertEquals([place, expected], ["input_specs[0].parameter_name", "at most 400 letters"]);
  const weight = await refusal("mlp", {
    weights: (json) => json.config["x".repeat(401)] = json.config["hidden.bias"],
  });
  assertEquals(weight.place, "name in weights");
});

Deno.test("measure() refuses an LSTM whose weights lack rows", async () => {
  const path = await editedProgram("sequence", {
    weights: (json) => json.config["lstm.weight_hh_l0"].tensor_meta.sizes[0].as_int = 0,
  });
  const { model } = await loadModel(path);
  const batch = randomBatch(model, { examples: 3 });
  await assertRefusedLater(
    () => measure(model, batch),
    parts(
      "The forward pass failed in layer lstm (LSTM): aten.lstm.input in lstm (fixtures/torch_programs/networks.py:95): w_hh",
      "the shape [0, 6]",
      "[24, 6]",
    ),
    MeasureError,
  );
  tf.dispose(batch as never);
  model.dispose();
});

Deno.test("loadModel() refuses an input of other sizes than its sample", async () => {
  const found = await refusal("tied", {
    graph: (json) => json.graph_module.graph.tensor_values.tokens.sizes[1].as_int = 5_000_000,
  });
  const place = "No sample input of the program";
  assertEquals(found, parts(place, 'the sizes of its input "tokens"', "one"));
});

Deno.test("measure() has the shapes of the pass where a formula gives no size", async () => {
  const path = await editedProgram("sequence", {
    graph(json) {
      const { mean } = json.graph_module.graph.tensor_values;
      const [examples] = mean.sizes;
      const formula = `${examples.as_expr.expr_str} * 10 ** 308`;
      mean.sizes = [examples, { as_expr: { expr_str: formula } }];
    },
  });
  const { model } = await loadModel(path);
  const batch = randomBatch(model, { examples: 3 });
  const { layers } = await measure(model, batch);
  assertEquals(layers.find(({ name }) => name === "mean")?.shape, [3, 6]);
  tf.dispose(batch as never);
  model.dispose();
});

Deno.test("measure() refuses a result that is not as the graph declares it", async () => {
  const path = await editedProgram("sequence", {
    graph: (json) => json.graph_module.graph.tensor_values.mean.sizes[1].as_int = 7,
  });
  const { model } = await loadModel(path);
  const batch = randomBatch(model, { examples: 3 });
  await assertRefusedLater(
    () => measure(model, batch),
    parts(
      "The forward pass failed in layer mean (mean): aten.mean.dim (fixtures/torch_programs/networks.py:96)",
      "float32 of 3 x 6",
      "float32 of 3 x 7, as the graph says",
    ),
    MeasureError,
  );
  tf.dispose(batch as never);
  model.dispose();
});

Deno.test("measure() refuses windows that never move, and those that reach too far", async () => {
  const failing = async (name: string, value: unknown) => {
    const path = await editedProgram("cnn", {
      graph(json) {
        const { inputs } = nodeOf(json, "conv2d");
        const found = inputs.find((one: Json) => one.name === name);
        if (found === undefined) inputs.push({ name, arg: value, kind: 1 });
        else found.arg = value;
      },
    });
    const { model, createBatch } = await loadModel(path);
    const batch = await createBatch!(4, 0, "cross_entropy");
    const { message } = await assertRejects(
      () => measure(model, batch, { objective: "cross_entropy" }),
      MeasureError,
    );
    tf.dispose(batch as never);
    model.dispose();
    return message;
  };
  const still = await failing("stride", { as_ints: [0, 1] });
  assertStringIncludes(still, "stride[0] is 0, expected 1 or more");
  const far = await failing("padding", { as_ints: [1e9, 1] });
  assertStringIncludes(far, "expected at most 2147483647");
});

import { type Spoilt, testRefusals } from "./test_refusals.ts";

const COUNT = "expected a whole number from 1 to 2147483647";

const spoilt: Spoilt[] = [
  [
    "no units",
    "dense",
    ([dense]) => delete dense.config.units,
    `[0].config.units is missing, ${COUNT}`,
  ],
  [
    "negative units",
    "dense",
    ([dense]) => dense.config.units = -1,
    `[0].config.units is -1, ${COUNT}`,
  ],
  [
    "half a unit",
    "dense",
    ([dense]) => dense.config.units = 0.5,
    `[0].config.units is 0.5, ${COUNT}`,
  ],
  [
    "units beyond int32",
    "dense",
    ([dense]) => dense.config.units = 2 ** 31,
    `[0].config.units is 2147483648, ${COUNT}`,
  ],
  [
    "a rate above 1",
    "dense",
    ([, dropout]) => dropout.config.rate = 1.5,
    "[1].config.rate is 1.5, expected a number from 0 to 1",
  ],
  [
    "an initialiser that needs a value, by its name alone",
    "dense",
    ([dense]) => dense.config.kernel_initializer = "Constant",
    "[0].config is not a configuration of Constant: config must have value set but got [object Object]",
  ],
  [
    "a flag of text",
    "dense",
    ([dense]) => dense.config.use_bias = "no",
    '[0].config.use_bias is "no", expected true or false',
  ],
  [
    "a name that is a number",
    "dense",
    ([dense]) => dense.config.name = 7,
    "[0].config.name is 7, expected a text",
  ],
  [
    "a shape of text",
    "dense",
    ([dense]) => dense.config.batch_input_shape = [null, "3"],
    '[0].config.batch_input_shape[1] is "3", expected null or a whole number from 1 to 2147483647',
  ],
  [
    "no shape at all",
    "dense",
    ([dense]) => delete dense.config.batch_input_shape,
    '[0].config has no "batch_input_shape", expected the shape that the model takes',
  ],
  [
    "weights in the topology",
    "dense",
    ([dense]) => dense.config.weights = [1],
    "[0].config.weights is an array of 1 item, expected null: weights are in weightsManifest",
  ],
  [
    "a class that is a number",
    "dense",
    ([dense]) => dense.class_name = 7,
    "[0].class_name is 7, expected the name of a class",
  ],
  [
    "an initialiser in the place of a layer",
    "dense",
    ([dense]) => dense.class_name = "Zeros",
    '[0].class_name is "Zeros", expected the class of a layer',
  ],
  [
    "a layer in the place of an initialiser",
    "dense",
    ([dense]) => dense.config.kernel_initializer.class_name = "Dense",
    '[0].config.kernel_initializer.class_name is "Dense", expected the class of an initializer',
  ],
  [
    "an initialiser whose class is a number",
    "dense",
    ([dense]) => dense.config.kernel_initializer.class_name = 7,
    "[0].config.kernel_initializer.class_name is 7, expected the name of a class",
  ],
  [
    "an initialiser without configuration",
    "dense",
    ([dense]) => dense.config.kernel_initializer.config = null,
    "[0].config.kernel_initializer.config is null, expected an object",
  ],
  [
    "an unknown mode of an initialiser",
    "dense",
    ([dense]) => dense.config.kernel_initializer.config.mode = "fan",
    '[0].config.kernel_initializer.config.mode is "fan", expected "fan_in", "fan_out" or "fan_avg"',
  ],
  [
    "a scale that cannot be made a number",
    "dense",
    ([dense]) => dense.config.kernel_initializer.config.scale = { toString: 1 },
    "[0].config.kernel_initializer.config.scale is an object, expected a number of at least 0",
  ],
  [
    "an initialiser that is a number",
    "dense",
    ([dense]) => dense.config.bias_initializer = 7,
    '[0].config.bias_initializer is 7, expected an initializer with "class_name" and "config"',
  ],
  [
    "an unknown constraint",
    "dense",
    ([dense]) => dense.config.kernel_constraint = "maxNrm",
    '[0].config.kernel_constraint is "maxNrm", expected a constraint that TensorFlow.js has; did ' +
    'you mean "MaxNorm"?',
  ],
  [
    "a shape without the batch",
    "dense",
    ([dense]) => dense.config.batch_input_shape = [],
    "[0].config.batch_input_shape is an empty array, expected an array of sizes, that of the batch " +
    "first",
  ],
  [
    "a name that is none to TensorFlow.js",
    "dense",
    ([dense]) => dense.config.name = "one\u001b[31m",
    '[0].config.name is "one\\u001b[31m", expected a name of letters, digits and . _ - / that begins ' +
    "with a letter or digit",
  ],
  [
    "a name that every object has, in a Sequential",
    "dense",
    ([dense]) => dense.config.name = "constructor",
    '[0].config.name is "constructor", expected a name that JavaScript has no use for',
  ],
  [
    "a key twice",
    "graph",
    ([, a]) => a.config.units_ = 3,
    '[1].config has the keys "units" and "units_", which are one to TensorFlow.js, expected one of them',
  ],
  [
    "an input without a shape",
    "graph",
    ([input]) => delete input.config.batch_input_shape,
    '[0].config has no "batch_input_shape", expected the shape that the model takes',
  ],
  [
    "a name that every object has",
    "graph",
    ([, , b]) => b.name = b.config.name = "constructor",
    '[2].name is "constructor", expected a name that JavaScript has no use for',
  ],
];

testRefusals(spoilt);

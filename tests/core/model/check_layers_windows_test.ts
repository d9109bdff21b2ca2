import { type Spoilt, testRefusals } from "./test_refusals.ts";

const COUNT = "expected a whole number from 1 to 2147483647";

const spoilt: Spoilt[] = [
  [
    "a negative dilation",
    "conv1d",
    ([conv]) => conv.config.dilation_rate = [-5],
    `[0].config.dilation_rate[0] is -5, ${COUNT}`,
  ],
  [
    "a kernel of too many axes",
    "conv1d",
    ([conv]) => conv.config.kernel_size = [3, 3],
    `[0].config.kernel_size is an array of 2 items, ${COUNT}, or an array of one`,
  ],
  [
    "a causal window that the heap cannot hold",
    "conv1d",
    ([conv]) => conv.config.dilation_rate = [1e9],
    "[0].config pads its input of shape [any, 8, 2] to 2000000008, expected at most " +
    "2^30 entries: the engine has 4 GiB of memory",
  ],
  [
    "a pooling window that the heap cannot hold",
    "pooling3d",
    ([pool]) => pool.config.pool_size = [1e9, 2, 2],
    "[0].config pads its input of shape [any, 4, 4, 4, 1] to 1000000003 x 5 x 5, expected " +
    "at most 2^30 entries: the engine has 4 GiB of memory",
  ],
  [
    "a window that the input has no room for",
    "conv1d",
    ([, pool]) => pool.config.pool_size = [9],
    "[1].config makes the shape [any, 0, 2] of [any, 8, 2], expected sizes of at least 1",
  ],
  [
    "an unknown padding",
    "conv2d",
    ([, , pool]) => pool.config.padding = "causal",
    '[2].config.padding is "causal", expected "same" or "valid"',
  ],
  [
    "a border of three",
    "conv2d",
    ([border]) => border.config.padding = [1, 1, 1],
    "[0].config.padding is an array of 3 items, expected a whole number from 0 to 2147483647, or an " +
    "array of 2 of them, or of 2 pairs",
  ],
  [
    "a negative border",
    "conv2d",
    ([border]) => border.config.padding = [[1, 1], [1, -1]],
    "[0].config.padding[1][1] is -1, expected a whole number from 0 to 2147483647",
  ],
  [
    "an output that the heap cannot hold",
    "conv2d",
    ([, , , up]) => up.config.size = [1e5, 1e5],
    "[3].config makes the shape [any, 300000, 300000, 2] of [any, 3, 3, 2], expected at most 2^30 " +
    "entries: the engine has 4 GiB of memory",
  ],
  [
    "two open sizes",
    "conv2d",
    ([, , , , , reshape]) => reshape.config.target_shape = [-1, null],
    "[5].config.target_shape is an array of 2 items, expected an array of sizes of which -1 leaves " +
    "one open",
  ],
  [
    "a wrapper without its layer",
    "lstm",
    ([, bidirectional]) => delete bidirectional.config.layer,
    '[1].config.layer is missing, expected a recurrent layer with "class_name" and "config"',
  ],
  [
    "a bidirectional layer around no recurrent one",
    "lstm",
    ([, bidirectional]) => bidirectional.config.layer.class_name = "Flatten",
    '[1].config.layer.class_name is "Flatten", expected the class of a recurrent layer',
  ],
  [
    "negative units inside of a wrapper",
    "lstm",
    ([, , , wrapper]) => wrapper.config.layer.config.units = -1,
    `[3].config.layer.config.units is -1, ${COUNT}`,
  ],
  [
    "a recurrent layer without its cell",
    "lstm",
    ([, , , , rnn]) => rnn.config.cell = null,
    '[4].config.cell is null, expected the cell of a recurrent layer with "class_name" and "config"',
  ],
  [
    "no cells",
    "lstm",
    ([, , , , rnn]) => rnn.config.cell.config.cells = [],
    "[4].config.cell.config.cells is an empty array, expected an array of cells",
  ],
  [
    "a layer in the place of a cell",
    "lstm",
    ([, , , , rnn]) => rnn.config.cell.config.cells[0].class_name = "GRU",
    '[4].config.cell.config.cells[0].class_name is "GRU", expected the class of the cell of a ' +
    "recurrent layer",
  ],
  [
    "more steps than can be held",
    "lstm",
    ([, , repeat]) => repeat.config.n = 1e6,
    "[3].config runs 1000000 steps, expected at most 100000: JavaScript cannot hold the tensors of more",
  ],
];

testRefusals(spoilt);

import { defineCommand, late } from "../kit/command.ts";
import { boolean } from "../kit/flag.ts";

/** `init`: writes the test, the configuration and the workflow for the models of a folder. */
export const init = defineCommand({
  operand: { name: "MODEL", least: 0, most: 1, takes: "files" },
  description: [
    "Sets a folder up: finds its models, and writes a test for deno test, the configuration of check, and",
    "a workflow for GitHub Actions. It shows what it is going to write, and asks first. No file",
    "that is there is overwritten. If there is a deno.json it also offers to add this package to imports;",
    "the comments stay.",
    "",
    "Models are modules that export createModel, model or a default, each model.json, what Keras saved",
    "(.keras, .h5), and PyTorch weights (.safetensors, .pt, .pth, .ckpt), of which less can be judged,",
    "in this folder and those below it; node_modules and hidden folders are left out. Modules are read,",
    "not run. If MODEL is given, it is the only one.",
  ].join("\n"),
  flags: { yes: boolean("write without asking") },
  examples: [
    ["init", "show what there is to write, and ask"],
    ["init net.ts --yes", "set up the check of one model"],
  ],
  permissions: [
    { grant: "--allow-read=.,PACKAGE", purpose: "this folder, and this package" },
    { grant: "--allow-write=.", purpose: "the files that it writes" },
  ],
  run: late(() => import(import.meta.resolve("./run_init.ts"))),
});

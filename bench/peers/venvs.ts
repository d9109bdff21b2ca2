/** The Python environments of the comparison, and what is installed into each. */
const PACKAGES: Record<string, string[]> = {
  keras: ["keras==3.15.1", "jax==0.10.2", "h5py==3.16.0", "numpy==2.4.6"],
  tf: ["keras==3.15.1", "tensorflow-cpu==2.21.0", "tf_keras==2.21.0"],
  torch: ["torch==2.15.0", "safetensors==0.8.0", "numpy==2.4.6", "lightning==2.6.6"],
};

/** Where the Python of each environment is. */
export type Pythons = Record<"keras" | "tf" | "torch", string>;

/**
 * Takes the environments that a folder holds, and makes those that it lacks.
 *
 * @param folder `GRADIENT_HEALTH_PEERS`, or a folder of the comparison's own.
 */
export async function findPythons(folder: string): Promise<Pythons> {
  const found: Record<string, string> = {};
  for (const [name, packages] of Object.entries(PACKAGES)) {
    const python = `${folder}/${name}/bin/python`;
    found[name] = python;
    if (await Deno.stat(python).then(() => true, () => false)) continue;
    console.error(`making ${folder}/${name}: ${packages.join(" ")}`);
    await run("python3", "-m", "venv", `${folder}/${name}`);
    await run(python, "-m", "pip", "install", "--quiet", ...packages);
  }
  return found as Pythons;
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(command, { args }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")} failed`);
}

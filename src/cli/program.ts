/** How the help writes the program, as the README does. */
export const PROGRAM = "deno run -A mod.ts";

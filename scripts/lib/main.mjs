// How a script of this folder ends: with what its work returns, or with one clear line and status 1.

/**
 * @param {() => Promise<number>} work its exit status
 */
export async function main(work) {
  try {
    process.exitCode = await work();
  } catch (error) {
    console.error(`facet: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}

// As soon as there is a session, keys are the terminal's, without a click.
addEventListener("load", () => {
  const ready = new MutationObserver(() => {
    if (document.body.classList.contains("-loaded")) {
      ready.disconnect();
      document.querySelector("textarea")?.focus();
    }
  });
  ready.observe(document.body, { attributeFilter: ["class"] });
});

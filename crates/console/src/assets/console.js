// The link of the first start has its secret behind `#`, which no server sees: it is put into the form, and taken out of
// the address.
(() => {
  const link = document.getElementById("f-link");
  if (link && !link.value && location.hash.length > 1) {
    link.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
  }
})();

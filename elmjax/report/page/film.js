// One walk with its player: what a notebook shows.

async function showFilm() {
  const main = document.getElementById("main");
  if (!content.track) {
    main.replaceChildren(make("p", {}, "This walk left the finite numbers and cannot be shown."));
    return;
  }
  const { box, view } = player(content.terrain, content.title);
  main.replaceChildren(make("p", { class: "small" }, content.title), box);
  view.show(content.body, await unpackTrack(content.track));
  requestAnimationFrame(() => view.play(moves()));
}

showFilm();

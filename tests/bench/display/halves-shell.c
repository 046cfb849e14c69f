/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shell for weston that does what a cockpit needs and no more: the cluster's window fills the left half of the output, every
 * other window the right half. Weston's own shells can't place two programs side by side without a person, and none of what
 * they add besides (panels, key bindings, animations) is wanted in a car. Loaded by "weston --shell=…"; built against
 * libweston's public headers alone.
 */
#include <libweston/desktop.h>
#include <libweston/libweston.h>
#include <libweston/shell-utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLUSTER_APP_ID "vcockpit-cluster"

struct halves {
	struct weston_compositor *compositor;
	struct weston_desktop *desktop;
	struct weston_layer background, windows;
	struct weston_curtain *curtain; /* black, below all; made with the first window, when there is an output */
	struct wl_listener destroy;
};

/* Lives in the desktop surface's user data. */
struct window {
	struct weston_view *view;
};

int wet_shell_init(struct weston_compositor *compositor, int *argc, char *argv[]);

static struct weston_geometry half_of(const struct weston_output *output, struct weston_desktop_surface *surface) {
	const char *id = weston_desktop_surface_get_app_id(surface);
	bool cluster = id && strcmp(id, CLUSTER_APP_ID) == 0;
	return (struct weston_geometry){
		.x = cluster ? 0 : output->width / 2, .y = 0, .width = output->width / 2, .height = output->height};
}

static int background_label(struct weston_surface *surface, char *label, size_t size) {
	(void)surface;
	return snprintf(label, size, "background");
}

static void draw_background(struct halves *h, struct weston_output *output) {
	if (h->curtain)
		return;
	struct weston_curtain_params black = {.get_label = background_label,
					      .a = 1,
					      .pos = output->pos,
					      .width = output->width,
					      .height = output->height};
	h->curtain = weston_shell_utils_curtain_create(h->compositor, &black);
	weston_surface_map(h->curtain->view->surface);
	weston_view_set_output(h->curtain->view, output);
	weston_view_move_to_layer(h->curtain->view, &h->background.view_list);
}

/* Without a frame around it, and as large as its half. */
static void configure(struct halves *h, struct weston_desktop_surface *surface) {
	struct weston_output *output = weston_shell_utils_get_default_output(h->compositor);
	if (!output)
		return;
	struct weston_geometry half = half_of(output, surface);
	weston_desktop_surface_set_fullscreen(surface, true);
	weston_desktop_surface_set_size(surface, half.width, half.height);
}

static void on_added(struct weston_desktop_surface *surface, void *data) {
	struct window *w = calloc(1, sizeof(*w));
	if (!w)
		return;
	w->view = weston_desktop_surface_create_view(surface);
	configure(data, surface);
	weston_surface_set_label_func(weston_desktop_surface_get_surface(surface),
				      weston_shell_utils_surface_get_label);
	weston_desktop_surface_set_user_data(surface, w);
}

static void on_removed(struct weston_desktop_surface *surface, void *data) {
	struct window *w = weston_desktop_surface_get_user_data(surface);
	(void)data;
	if (!w)
		return;
	weston_desktop_surface_unlink_view(w->view);
	weston_view_destroy(w->view);
	weston_desktop_surface_set_user_data(surface, NULL);
	free(w);
}

static void on_committed(struct weston_desktop_surface *surface, struct weston_coord_surface offset, void *data) {
	struct halves *h = data;
	struct window *w = weston_desktop_surface_get_user_data(surface);
	struct weston_surface *content = weston_desktop_surface_get_surface(surface);
	struct weston_output *output = weston_shell_utils_get_default_output(h->compositor);
	(void)offset;
	if (!w || !output)
		return;
	if (content->width == 0)
		return;
	struct weston_geometry half = half_of(output, surface);
	struct weston_geometry inside = weston_desktop_surface_get_geometry(surface);
	struct weston_coord_global at = output->pos;
	at.c.x += half.x - inside.x;
	at.c.y += half.y - inside.y;
	weston_view_set_position(w->view, at);
	if (weston_surface_is_mapped(content))
		return;
	draw_background(h, output);
	weston_surface_map(content);
	weston_view_set_output(w->view, output);
	weston_view_move_to_layer(w->view, &h->windows.view_list);
	weston_desktop_surface_set_activated(surface, true);
}

static void on_fullscreen(struct weston_desktop_surface *surface, bool fullscreen, struct weston_output *output,
			  void *data) {
	/* Every window is, in its half. */
	(void)surface;
	(void)fullscreen;
	(void)output;
	(void)data;
}

static void on_destroy(struct wl_listener *listener, void *data) {
	struct halves *h = wl_container_of(listener, h, destroy);
	(void)data;
	wl_list_remove(&h->destroy.link);
	if (h->curtain)
		weston_shell_utils_curtain_destroy(h->curtain);
	weston_desktop_destroy(h->desktop);
	weston_layer_fini(&h->windows);
	weston_layer_fini(&h->background);
	free(h);
}

static const struct weston_desktop_api api = {
	.struct_size = sizeof(api),
	.surface_added = on_added,
	.surface_removed = on_removed,
	.committed = on_committed,
	.fullscreen_requested = on_fullscreen,
};

__attribute__((visibility("default"))) int wet_shell_init(struct weston_compositor *compositor, int *argc,
							  char *argv[]) {
	struct halves *h = calloc(1, sizeof(*h));
	(void)argc;
	(void)argv;
	if (!h)
		return -1;
	h->compositor = compositor;
	if (!weston_compositor_add_destroy_listener_once(compositor, &h->destroy, on_destroy)) {
		free(h);
		return 0;
	}
	weston_layer_init(&h->background, compositor);
	weston_layer_set_position(&h->background, WESTON_LAYER_POSITION_BACKGROUND);
	weston_layer_init(&h->windows, compositor);
	weston_layer_set_position(&h->windows, WESTON_LAYER_POSITION_NORMAL);
	h->desktop = weston_desktop_create(compositor, &api, h);
	return h->desktop ? 0 : -1;
}

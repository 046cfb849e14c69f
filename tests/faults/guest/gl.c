/* SPDX-License-Identifier: Apache-2.0 */
/* GL that is in order as a language and never ends as a program. */
#include "guest-fault.h"
#include "screen.h"

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl3.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <gbm.h>
#include <string.h>
#include <unistd.h>

static const char vertex_source[] = "#version 300 es\n"
				    "void main() {\n"
				    "	vec2 p = vec2(gl_VertexID & 1, gl_VertexID >> 1);\n"
				    "	gl_Position = vec4(p * 4.0 - 1.0, 0.0, 1.0);\n"
				    "}\n";

/* Software renderers end a loop after 65,535 rounds, so it takes several inside each other. */
static const char endless_source[] = "#version 300 es\n"
				     "precision highp float;\n"
				     "uniform float seed;\n"
				     "out vec4 colour;\n"
				     "void main() {\n"
				     "	float x = seed;\n"
				     "	for (int i = 0; i < 60000; i++)\n"
				     "		for (int j = 0; j < 60000; j++)\n"
				     "			for (int k = 0; k < 60000; k++)\n"
				     "				x = fract(x * 1.37 + 0.11);\n"
				     "	colour = vec4(x, x, x, 1.0);\n"
				     "}\n";

static GLuint shader(GLenum type, const char *source) {
	GLuint s = glCreateShader(type);
	glShaderSource(s, 1, &source, NULL);
	glCompileShader(s);
	return s;
}

static bool use_endless_program(void) {
	GLuint program = glCreateProgram();
	glAttachShader(program, shader(GL_VERTEX_SHADER, vertex_source));
	glAttachShader(program, shader(GL_FRAGMENT_SHADER, endless_source));
	glLinkProgram(program);
	GLint linked = 0;
	glGetProgramiv(program, GL_LINK_STATUS, &linked);
	if (!linked) {
		fault_say("the shader does not link");
		return false;
	}
	glUseProgram(program);
	glUniform1f(glGetUniformLocation(program, "seed"), 0.3f);
	return true;
}

/* A GLES 3 context on @device, current; with a surface on @window unless that is NULL. */
static bool start_gl(struct gbm_device *device, struct gbm_surface *window, EGLSurface *surface) {
	EGLDisplay display = device ? eglGetPlatformDisplay(EGL_PLATFORM_GBM_KHR, device, NULL) : EGL_NO_DISPLAY;
	const EGLint attributes[] = {EGL_RENDERABLE_TYPE, EGL_OPENGL_ES3_BIT, EGL_SURFACE_TYPE, EGL_WINDOW_BIT,
				     EGL_NONE};
	const EGLint version[] = {EGL_CONTEXT_CLIENT_VERSION, 3, EGL_NONE};
	EGLConfig configs[64];
	EGLint n = 0;
	if (!eglInitialize(display, NULL, NULL) || !eglBindAPI(EGL_OPENGL_ES_API) ||
	    !eglChooseConfig(display, attributes, configs, 64, &n)) {
		fault_say("EGL can't start (0x%x)", (unsigned)eglGetError());
		return false;
	}
	EGLConfig config = NULL;
	for (EGLint i = 0; i < n && !config; i++) {
		EGLint format;
		eglGetConfigAttrib(display, configs[i], EGL_NATIVE_VISUAL_ID, &format);
		if (format == (EGLint)GBM_FORMAT_XRGB8888)
			config = configs[i];
	}
	EGLContext context = config ? eglCreateContext(display, config, EGL_NO_CONTEXT, version) : EGL_NO_CONTEXT;
	*surface = EGL_NO_SURFACE;
	if (context != EGL_NO_CONTEXT && window)
		*surface = eglCreatePlatformWindowSurface(display, config, window, NULL);
	if (context != EGL_NO_CONTEXT && eglMakeCurrent(display, *surface, *surface, context)) {
		fault_say("GL: %s", (const char *)glGetString(GL_RENDERER));
		return true;
	}
	fault_say("no GL context (0x%x)", (unsigned)eglGetError());
	return false;
}

int fault_spin_shader(int64_t until_ns) {
	(void)until_ns; /* it ends when the host ends it */
	int fd = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
	struct gbm_device *device = fd >= 0 ? gbm_create_device(fd) : NULL;
	EGLSurface none;
	if (!start_gl(device, NULL, &none) || !use_endless_program())
		return 1;
	GLuint target, buffer;
	glGenTextures(1, &target);
	glBindTexture(GL_TEXTURE_2D, target);
	glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, 64, 64);
	glGenFramebuffers(1, &buffer);
	glBindFramebuffer(GL_FRAMEBUFFER, buffer);
	glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, target, 0);
	glViewport(0, 0, 64, 64);
	int64_t start = fault_now();
	fault_begin();
	glDrawArrays(GL_TRIANGLES, 0, 3);
	glFinish();
	fault_say("glFinish() came back after %lld ms", (long long)((fault_now() - start) / 1000000));
	return 0;
}

int fault_no_fence(int64_t until_ns) {
	struct screen screen;
	if (!screen_open(&screen))
		return 1;
	uint32_t w = screen.mode.hdisplay, h = screen.mode.vdisplay;
	struct gbm_device *device = gbm_create_device(screen.fd);
	struct gbm_surface *window = device ? gbm_surface_create(device, w, h, GBM_FORMAT_XRGB8888,
								 GBM_BO_USE_SCANOUT | GBM_BO_USE_RENDERING)
					    : NULL;
	EGLSurface surface;
	if (!window || !start_gl(device, window, &surface) || !use_endless_program())
		return 1;
	fault_begin();
	glDrawArrays(GL_TRIANGLES, 0, 3);
	/* Only queued: nobody waits for the drawing. */
	eglSwapBuffers(eglGetCurrentDisplay(), surface);
	struct gbm_bo *bo = gbm_surface_lock_front_buffer(window);
	uint32_t handles[4] = {bo ? gbm_bo_get_handle(bo).u32 : 0}, pitches[4] = {bo ? gbm_bo_get_stride(bo) : 0};
	uint32_t offsets[4] = {0}, fb;
	if (!bo || drmModeAddFB2(screen.fd, w, h, DRM_FORMAT_XRGB8888, handles, pitches, offsets, &fb, 0) != 0) {
		fault_say("no framebuffer: %s", strerror(errno));
		return 1;
	}
	int64_t start = fault_now();
	int err = screen_show(&screen, fb, w, h);
	fault_say("the unfinished frame: %s after %lld ms", err == 0 ? "on the screen" : strerror(-err),
		  (long long)((fault_now() - start) / 1000000));
	glFinish();
	fault_say("its drawing was over after %lld ms", (long long)((fault_now() - start) / 1000000));
	while (fault_now() < until_ns)
		usleep(100000);
	return err == 0 ? 0 : 1;
}

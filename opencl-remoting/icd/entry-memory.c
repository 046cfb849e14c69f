/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making memory objects. In a context "in place" an object's contents are a piece of shared memory that the host uses by
 * CL_MEM_USE_HOST_PTR. Elsewhere the host keeps them where it likes, and first contents go through shared memory.
 */
#include "adopt.h"
#include "call.h"
#include "copy.h"
#include "entry.h"
#include "memory.h"
#include "notes.h"
#include "transfer.h"

#include <string.h>

enum { PAGE = 4096 };

static const cl_mem_flags host_flags = CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR;
static const cl_mem_flags device_access = CL_MEM_READ_WRITE | CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY;
static const cl_mem_flags host_access = CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS;

static void *refuse(cl_int error, cl_int *errcode_ret) {
	if (errcode_ret)
		*errcode_ret = error;
	return NULL;
}

/* Contents, as they are to be made. */
struct contents {
	cl_mem_flags flags; /* for the host */
	uint8_t *memory;    /* shared, or NULL */
	bool keep;          /* it isn't freed with the object: SVM, or only the way in */
	bool shadow;        /* the program's pointer is not the contents */
	bool adopted;       /* it shows them */
	bool in_place;
};

/* Flags that exclude each other (section 5.2.1). */
static bool excluded(cl_mem_flags flags) {
	return (flags & CL_MEM_USE_HOST_PTR) && (flags & (CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR));
}

/* A pointer without a flag that wants one, or the other way round. */
static bool odd_flags(cl_mem_flags flags, const void *host_ptr) {
	return ((flags & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR)) != 0) != (host_ptr != NULL);
}

/* Finds memory for @size bytes of contents. Returns false if there is none. */
static bool prepare(struct vc_object *context, cl_mem_flags flags, size_t size, void *host_ptr, struct contents *c) {
	*c = (struct contents){.flags = flags & ~host_flags, .in_place = context->context.in_place};
	struct vc_link *link = vc_call_link_alive();
	if (!link || link->epoch != context->epoch)
		return true; /* the call will say so */
	if (c->in_place && (flags & CL_MEM_USE_HOST_PTR) && vc_memory_left(host_ptr) >= size) {
		c->memory = host_ptr;
		c->keep = true;
	} else if (c->in_place || host_ptr) {
		if (c->in_place && (flags & CL_MEM_USE_HOST_PTR))
			c->memory = vc_adopt(link, host_ptr, size);
		c->adopted = c->memory != NULL;
		if (!c->memory)
			c->memory = vc_memory_alloc(link, size, size >= PAGE ? PAGE : 1);
		c->keep = !c->in_place;
		c->shadow = (flags & CL_MEM_USE_HOST_PTR) && !c->adopted;
		if (!c->memory)
			return false;
	}
	if (c->in_place)
		c->flags |= CL_MEM_USE_HOST_PTR;
	else
		c->flags |= (flags & CL_MEM_ALLOC_HOST_PTR) | (host_ptr ? CL_MEM_COPY_HOST_PTR : 0);
	/* Who may map to write only must still get back what it didn't write: we read it. The program's right is checked here. */
	cl_mem_flags access = flags & host_access;
	if (!c->in_place && (access & (access - 1)) == 0)
		c->flags &= ~access;
	return true;
}

/* Books the object, or undoes what was prepared. */
static cl_mem finish(cl_mem mem, const struct contents *c, cl_mem_flags flags, size_t size, void *host_ptr) {
	if (!mem && c->adopted)
		vc_adopt_end(host_ptr);
	if (!c->in_place || (!mem && !c->keep))
		vc_memory_free(c->memory);
	if (!mem)
		return NULL;
	struct vc_object *o = VC_OBJECT(mem);
	o->mem.type = CL_MEM_OBJECT_BUFFER;
	o->mem.flags = flags ? flags : CL_MEM_READ_WRITE;
	o->mem.size = size;
	o->mem.host_ptr = flags & CL_MEM_USE_HOST_PTR ? host_ptr : NULL;
	o->mem.memory = c->in_place ? c->memory : NULL;
	o->mem.shadow = c->shadow;
	o->mem.adopted = o->mem.alias = c->adopted;
	return mem;
}

/* What the object holds at first. */
static void fill(const struct contents *c, const struct vc_box *box) {
	if (box->from && c->memory && !c->adopted && box->from != c->memory)
		vc_box_copy(box);
}

static cl_mem call_create(cl_context context, const cl_mem_properties *properties, cl_mem_flags flags, size_t size,
			  const void *memory, bool keep, cl_int *err) {
	cl_ulong address = (cl_ulong)(uintptr_t)memory;
	if (properties)
		return vc_call_clCreateBufferWithProperties(context, properties, flags, size, address, keep, err);
	return vc_call_clCreateBuffer(context, flags, size, address, keep, err);
}

static cl_mem create_buffer(cl_context context, const cl_mem_properties *properties, cl_mem_flags flags, size_t size,
			    void *host_ptr, cl_int *errcode_ret) {
	if (!vc_object_is(context, VC_CL_CONTEXT))
		return refuse(CL_INVALID_CONTEXT, errcode_ret);
	if (excluded(flags))
		return refuse(CL_INVALID_VALUE, errcode_ret);
	if (size == 0 || odd_flags(flags, host_ptr)) {
		/* Anything else that is wrong, the host says; if nothing is, the pointer was. */
		cl_int err = CL_SUCCESS;
		cl_mem mem = call_create(context, properties, flags & ~host_flags, size, NULL, true, &err);
		if (mem)
			vc_entry_clReleaseMemObject(mem);
		return refuse(mem ? CL_INVALID_HOST_PTR : err, errcode_ret);
	}
	/* More than clSVMAlloc() gave: to the host it would be a piece of ours. */
	size_t left = flags & CL_MEM_USE_HOST_PTR ? vc_memory_left(host_ptr) : 0;
	if (left > 0 && size > left)
		return refuse(CL_INVALID_BUFFER_SIZE, errcode_ret);
	struct contents c;
	if (!prepare(VC_OBJECT(context), flags, size, host_ptr, &c)) {
		/* Too large for the host, or only for our limits? */
		cl_int err = CL_SUCCESS;
		cl_mem mem = call_create(context, properties, flags & ~host_flags, size, NULL, true, &err);
		if (mem)
			vc_entry_clReleaseMemObject(mem);
		return refuse(mem ? CL_MEM_OBJECT_ALLOCATION_FAILURE : err, errcode_ret);
	}
	const struct vc_box box = {.to = c.memory, .from = host_ptr, .bytes = size, .rows = 1, .slices = 1};
	fill(&c, &box);
	cl_mem mem = call_create(context, properties, c.flags, size, c.memory, c.keep, errcode_ret);
	return finish(mem, &c, flags, size, host_ptr);
}

cl_mem CL_API_CALL vc_entry_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host_ptr,
					   cl_int *errcode_ret) {
	return create_buffer(context, NULL, flags, size, host_ptr, errcode_ret);
}

cl_mem CL_API_CALL vc_entry_clCreateBufferWithProperties(cl_context context, const cl_mem_properties *properties,
							 cl_mem_flags flags, size_t size, void *host_ptr,
							 cl_int *errcode_ret) {
	return create_buffer(context, properties, flags, size, host_ptr, errcode_ret);
}

/* What an object made of another has from it (section 5.2.2). */
static cl_mem_flags inherit(cl_mem_flags flags, cl_mem_flags parent) {
	if (!(flags & device_access))
		flags |= parent & device_access;
	if (!(flags & host_access))
		flags |= parent & host_access;
	return flags | (parent & host_flags);
}

/* The program would have a right through the part that it doesn't have to the whole. */
static bool widens(cl_mem_flags flags, cl_mem_flags parent) {
	return ((parent & CL_MEM_HOST_WRITE_ONLY) && (flags & CL_MEM_HOST_READ_ONLY)) ||
	       ((parent & CL_MEM_HOST_READ_ONLY) && (flags & CL_MEM_HOST_WRITE_ONLY)) ||
	       ((parent & CL_MEM_HOST_NO_ACCESS) && (flags & (CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_WRITE_ONLY)));
}

cl_mem CL_API_CALL vc_entry_clCreateSubBuffer(cl_mem buffer, cl_mem_flags flags, cl_buffer_create_type type,
					      const void *info, cl_int *errcode_ret) {
	cl_mem_flags ours = flags, access = flags & host_access;
	/* As the whole buffer: the host doesn't know what the program may do, see prepare(). */
	if (vc_object_is(buffer, VC_CL_MEM) && !vc_context_in_place(VC_OBJECT(buffer))) {
		if (widens(flags, VC_OBJECT(buffer)->mem.flags))
			return refuse(CL_INVALID_VALUE, errcode_ret);
		if ((access & (access - 1)) == 0)
			ours &= ~access;
	}
	cl_mem mem = vc_call_clCreateSubBuffer(buffer, ours, type, info, errcode_ret);
	if (!mem)
		return NULL;
	const cl_buffer_region *region = info;
	struct vc_object *o = VC_OBJECT(mem), *parent = VC_OBJECT(buffer);
	o->mem.type = CL_MEM_OBJECT_BUFFER;
	o->mem.flags = inherit(flags, parent->mem.flags);
	o->mem.size = region->size;
	o->mem.origin = region->origin;
	o->mem.shadow = parent->mem.shadow;
	o->mem.alias = parent->mem.alias;
	o->mem.memory = parent->mem.memory ? parent->mem.memory + region->origin : NULL;
	o->mem.host_ptr = parent->mem.host_ptr ? (char *)parent->mem.host_ptr + region->origin : NULL;
	return mem;
}

/* Bytes of a pixel (section 5.3.1.1), 0: not one that we know. */
static size_t element_size(const cl_image_format *f) {
	size_t channels, bytes;
	switch (f->image_channel_data_type) {
	case CL_UNORM_SHORT_565:
	case CL_UNORM_SHORT_555:
		return 2;
	case CL_UNORM_INT_101010:
	case CL_UNORM_INT_101010_2:
		return 4;
	case CL_SNORM_INT8:
	case CL_UNORM_INT8:
	case CL_SIGNED_INT8:
	case CL_UNSIGNED_INT8:
		bytes = 1;
		break;
	case CL_SNORM_INT16:
	case CL_UNORM_INT16:
	case CL_SIGNED_INT16:
	case CL_UNSIGNED_INT16:
	case CL_HALF_FLOAT:
		bytes = 2;
		break;
	case CL_SIGNED_INT32:
	case CL_UNSIGNED_INT32:
	case CL_FLOAT:
		bytes = 4;
		break;
	default:
		return 0;
	}
	switch (f->image_channel_order) {
	case CL_R:
	case CL_A:
	case CL_Rx:
	case CL_INTENSITY:
	case CL_LUMINANCE:
	case CL_DEPTH:
		channels = 1;
		break;
	case CL_RG:
	case CL_RA:
	case CL_RGx:
		channels = 2;
		break;
	case CL_RGB:
	case CL_RGBx:
	case CL_sRGB:
		channels = 3;
		break;
	case CL_RGBA:
	case CL_BGRA:
	case CL_ARGB:
	case CL_ABGR:
	case CL_sRGBA:
	case CL_sBGRA:
	case CL_sRGBx:
		channels = 4;
		break;
	default:
		return 0;
	}
	return channels * bytes;
}

/* An image's rows and slices. */
struct shape {
	size_t element, width, rows, slices;
	bool sliced;
};

static bool shape_of(const cl_image_format *format, const cl_image_desc *d, struct shape *s) {
	*s = (struct shape){.rows = 1, .slices = 1};
	if (!format || !d)
		return false;
	s->element = element_size(format);
	s->width = d->image_width;
	switch (d->image_type) {
	case CL_MEM_OBJECT_IMAGE1D:
	case CL_MEM_OBJECT_IMAGE1D_BUFFER:
		break;
	case CL_MEM_OBJECT_IMAGE1D_ARRAY:
		s->slices = d->image_array_size;
		s->sliced = true;
		break;
	case CL_MEM_OBJECT_IMAGE2D:
		s->rows = d->image_height;
		break;
	case CL_MEM_OBJECT_IMAGE2D_ARRAY:
		s->rows = d->image_height;
		s->slices = d->image_array_size;
		s->sliced = true;
		break;
	case CL_MEM_OBJECT_IMAGE3D:
		s->rows = d->image_height;
		s->slices = d->image_depth;
		s->sliced = true;
		break;
	default:
		return false;
	}
	const size_t most = (size_t)1 << 20;
	return s->element > 0 && s->width > 0 && s->rows > 0 && s->slices > 0 && s->rows <= most && s->slices <= most &&
	       s->width <= most << 12;
}

static bool pitches_good(const cl_image_desc *d, const struct shape *s, const void *host_ptr) {
	size_t row = s->element * s->width, given = d->image_row_pitch ? d->image_row_pitch : row;
	if (!host_ptr)
		return d->image_row_pitch == 0 && d->image_slice_pitch == 0;
	return given >= row && given % s->element == 0 &&
	       (d->image_slice_pitch == 0 || !s->sliced ||
		(d->image_slice_pitch >= given * s->rows && d->image_slice_pitch % given == 0));
}

static void book_image(struct vc_object *o, const cl_image_desc *d, const struct shape *s, size_t row, size_t slice) {
	o->mem.type = d->image_type;
	o->mem.element = s->element;
	o->mem.row_pitch = row;
	o->mem.slice_pitch = slice;
	o->mem.extent[0] = s->width;
	o->mem.extent[1] = d->image_type == CL_MEM_OBJECT_IMAGE1D_ARRAY ? s->slices : s->rows;
	o->mem.extent[2] = d->image_type == CL_MEM_OBJECT_IMAGE1D_ARRAY ? 1 : s->slices;
}

/* An image over a buffer, or a view of another image: the contents are the other's. */
static cl_mem create_view(cl_context context, const cl_mem_properties *properties, cl_mem_flags flags,
			  const cl_image_format *format, const cl_image_desc *desc, cl_int *errcode_ret) {
	struct shape s;
	bool known = shape_of(format, desc, &s);
	struct vc_object *source = VC_OBJECT(desc->mem_object);
	cl_mem mem = vc_call_clCreateImageWithProperties(context, properties, flags, format, desc, desc->mem_object, 0,
							 0, true, errcode_ret);
	if (!mem)
		return NULL;
	struct vc_object *o = VC_OBJECT(mem);
	/* It hangs on what it shows, which hangs on the context. */
	vc_object_use(source);
	vc_object_unuse(o->parent);
	o->parent = source;
	size_t row = desc->image_row_pitch ? desc->image_row_pitch : s.element * s.width;
	if (source->mem.row_pitch)
		row = source->mem.row_pitch;
	if (known)
		book_image(o, desc, &s, row, row * s.rows);
	o->mem.flags = inherit(flags, source->mem.flags);
	o->mem.size = row * s.rows;
	o->mem.shadow = source->mem.shadow;
	o->mem.alias = source->mem.alias;
	o->mem.memory = known ? source->mem.memory : NULL;
	o->mem.host_ptr = source->mem.host_ptr;
	return mem;
}

static cl_mem create_image(cl_context context, const cl_mem_properties *properties, cl_mem_flags flags,
			   const cl_image_format *format, const cl_image_desc *desc, void *host_ptr,
			   cl_int *errcode_ret) {
	struct shape s;
	if (!vc_object_is(context, VC_CL_CONTEXT))
		return refuse(CL_INVALID_CONTEXT, errcode_ret);
	if (desc && desc->mem_object && vc_object_is(desc->mem_object, VC_CL_MEM) && !host_ptr)
		return create_view(context, properties, flags, format, desc, errcode_ret);
	if (excluded(flags))
		return refuse(CL_INVALID_VALUE, errcode_ret);
	bool odd = odd_flags(flags, host_ptr), known = shape_of(format, desc, &s);
	if (odd || !known || !pitches_good(desc, &s, host_ptr)) {
		/* The host says what is wrong; where it can't see it, the pointer or the pitches are. */
		cl_mem mem = vc_call_clCreateImageWithProperties(context, properties, flags & ~host_flags, format, desc,
								 NULL, 0, 0, true, errcode_ret);
		if (!mem)
			return NULL;
		vc_entry_clReleaseMemObject(mem);
		if (odd || host_ptr || !known)
			return refuse(odd ? CL_INVALID_HOST_PTR : CL_INVALID_IMAGE_DESCRIPTOR, errcode_ret);
	}
	/* The program's pitches stay; rows without a gap otherwise. */
	size_t bytes = s.element * s.width;
	size_t row = host_ptr && desc->image_row_pitch ? desc->image_row_pitch : bytes;
	size_t slice = host_ptr && desc->image_slice_pitch && s.sliced ? desc->image_slice_pitch : row * s.rows;
	size_t size = slice * s.slices;
	struct contents c;
	if (!prepare(VC_OBJECT(context), flags, size, host_ptr, &c))
		return refuse(CL_MEM_OBJECT_ALLOCATION_FAILURE, errcode_ret);
	const struct vc_box box = {.to = c.memory,
				   .from = host_ptr,
				   .to_row = row,
				   .to_slice = slice,
				   .from_row = row,
				   .from_slice = slice,
				   .bytes = bytes,
				   .rows = s.rows,
				   .slices = s.slices};
	fill(&c, &box);
	cl_image_desc own = *desc;
	own.mem_object = NULL;
	own.image_row_pitch = c.memory ? row : 0;
	own.image_slice_pitch = c.memory && s.sliced ? slice : 0;
	cl_mem mem = vc_call_clCreateImageWithProperties(context, properties, c.flags, format, &own, NULL,
							 (cl_ulong)(uintptr_t)c.memory, size, c.keep, errcode_ret);
	mem = finish(mem, &c, flags, size, host_ptr);
	if (mem)
		book_image(VC_OBJECT(mem), desc, &s, row, slice);
	return mem;
}

cl_mem CL_API_CALL vc_entry_clCreateImageWithProperties(cl_context context, const cl_mem_properties *properties,
							cl_mem_flags flags, const cl_image_format *format,
							const cl_image_desc *desc, void *host_ptr,
							cl_int *errcode_ret) {
	return create_image(context, properties, flags, format, desc, host_ptr, errcode_ret);
}

cl_mem CL_API_CALL vc_entry_clCreateImage(cl_context context, cl_mem_flags flags, const cl_image_format *format,
					  const cl_image_desc *desc, void *host_ptr, cl_int *errcode_ret) {
	return create_image(context, NULL, flags, format, desc, host_ptr, errcode_ret);
}

cl_mem CL_API_CALL vc_entry_clCreateImage2D(cl_context context, cl_mem_flags flags, const cl_image_format *format,
					    size_t width, size_t height, size_t row_pitch, void *host_ptr,
					    cl_int *errcode_ret) {
	const cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D,
				    .image_width = width,
				    .image_height = height,
				    .image_row_pitch = row_pitch};
	return create_image(context, NULL, flags, format, &desc, host_ptr, errcode_ret);
}

cl_mem CL_API_CALL vc_entry_clCreateImage3D(cl_context context, cl_mem_flags flags, const cl_image_format *format,
					    size_t width, size_t height, size_t depth, size_t row_pitch,
					    size_t slice_pitch, void *host_ptr, cl_int *errcode_ret) {
	const cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE3D,
				    .image_width = width,
				    .image_height = height,
				    .image_depth = depth,
				    .image_row_pitch = row_pitch,
				    .image_slice_pitch = slice_pitch};
	return create_image(context, NULL, flags, format, &desc, host_ptr, errcode_ret);
}

static void run_destroyed(struct vc_callback *callback, cl_int status) {
	(void)status;
	void(CL_CALLBACK * function)(cl_mem, void *);
	memcpy(&function, &callback->function, sizeof(function));
	function(callback->more, callback->data);
}

cl_int CL_API_CALL vc_entry_clSetMemObjectDestructorCallback(cl_mem mem, void(CL_CALLBACK *notify)(cl_mem, void *),
							     void *user_data) {
	if (!vc_object_is(mem, VC_CL_MEM))
		return CL_INVALID_MEM_OBJECT;
	if (!notify)
		return CL_INVALID_VALUE;
	struct vc_callback callback = {.run = run_destroyed, .data = user_data, .more = mem};
	memcpy(&callback.function, &notify, sizeof(notify));
	uint64_t cookie = vc_notes_add(&callback);
	cl_int err = cookie ? vc_call_clSetMemObjectDestructorCallback(mem, cookie) : CL_OUT_OF_HOST_MEMORY;
	if (err != CL_SUCCESS)
		vc_notes_drop(cookie);
	return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Reads, writes and maps: their arguments checked here, since the host sees other commands or none. */
#include "adopt.h"
#include "call.h"
#include "entry.h"
#include "memory.h"
#include "staging.h"
#include "transfer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A mapped region, until it is unmapped. */
struct vc_map {
	struct vc_map *next;
	void *pointer;
	bool copies; /* bytes move: the program's pointer is not the contents */
	bool writes; /* back at the end */
	struct vc_move move;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all lists of maps */

static cl_int check_list(cl_uint count, const cl_event *list) {
	if ((count > 0) != (list != NULL))
		return CL_INVALID_EVENT_WAIT_LIST;
	for (cl_uint i = 0; i < count; i++)
		if (!vc_object_is(list[i], VC_CL_EVENT))
			return CL_INVALID_EVENT_WAIT_LIST;
	return CL_SUCCESS;
}

/* What all these commands refuse (section 5.2.2 and on). @image: an image is wanted. */
static cl_int check_objects(cl_command_queue queue, cl_mem mem, bool image, cl_uint count, const cl_event *list) {
	if (!vc_object_is(queue, VC_CL_QUEUE))
		return CL_INVALID_COMMAND_QUEUE;
	if (!vc_object_is(mem, VC_CL_MEM))
		return CL_INVALID_MEM_OBJECT;
	if ((VC_OBJECT(mem)->mem.type != CL_MEM_OBJECT_BUFFER) != image)
		return CL_INVALID_MEM_OBJECT;
	if (vc_object_context(VC_OBJECT(queue)) != vc_object_context(VC_OBJECT(mem)))
		return CL_INVALID_CONTEXT;
	cl_int err = check_list(count, list);
	for (cl_uint i = 0; i < count && err == CL_SUCCESS; i++)
		if (vc_object_context(VC_OBJECT(list[i])) != vc_object_context(VC_OBJECT(queue)))
			err = CL_INVALID_CONTEXT;
	return err;
}

static cl_int check_access(cl_mem mem, bool write) {
	cl_mem_flags bad = CL_MEM_HOST_NO_ACCESS | (write ? CL_MEM_HOST_READ_ONLY : CL_MEM_HOST_WRITE_ONLY);
	return VC_OBJECT(mem)->mem.flags & bad ? CL_INVALID_OPERATION : CL_SUCCESS;
}

/* A sub-buffer must begin where the queue's device can begin one. */
static cl_int check_alignment(cl_command_queue queue, cl_mem mem) {
	cl_uint bits = 0;
	if (VC_OBJECT(mem)->mem.origin == 0)
		return CL_SUCCESS;
	cl_device_id device = (cl_device_id)(void *)VC_OBJECT(queue)->queue.device;
	if (vc_call_clGetDeviceInfo(device, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof(bits), &bits, NULL) != CL_SUCCESS)
		return CL_SUCCESS;
	return bits >= 8 && VC_OBJECT(mem)->mem.origin % (bits / 8) != 0 ? CL_MISALIGNED_SUB_BUFFER_OFFSET : CL_SUCCESS;
}

static struct vc_move start_move(cl_command_queue queue, cl_mem mem, cl_command_type type, bool blocking, bool write) {
	return (struct vc_move){.queue = VC_OBJECT(queue),
				.mem = VC_OBJECT(mem),
				.type = type,
				.blocking = blocking,
				.write = write,
				.rows = 1,
				.slices = 1,
				.region = {1, 1, 1}};
}

static uint8_t *in_memory(const struct vc_object *mem, size_t offset) {
	return mem->mem.memory ? mem->mem.memory + offset : NULL;
}

static cl_int move_buffer(cl_command_queue queue, cl_mem mem, cl_command_type type, bool blocking, bool write,
			  size_t offset, size_t size, void *ptr, cl_uint count, const cl_event *list, cl_event *event) {
	cl_int err = check_objects(queue, mem, false, count, list);
	if (err == CL_SUCCESS &&
	    (!ptr || size == 0 || offset > VC_OBJECT(mem)->mem.size || size > VC_OBJECT(mem)->mem.size - offset))
		err = CL_INVALID_VALUE;
	if (err == CL_SUCCESS)
		err = check_access(mem, write);
	if (err == CL_SUCCESS)
		err = check_alignment(queue, mem);
	if (err != CL_SUCCESS)
		return err;
	struct vc_move m = start_move(queue, mem, type, blocking, write);
	m.memory = in_memory(m.mem, offset);
	m.user = ptr;
	m.bytes = m.row = m.slice = m.user_row = m.user_slice = m.region[0] = size;
	m.origin[0] = offset;
	return vc_move(&m, count, list, event);
}

cl_int CL_API_CALL vc_entry_clEnqueueReadBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset,
						size_t size, void *ptr, cl_uint count, const cl_event *list,
						cl_event *event) {
	return move_buffer(queue, buffer, CL_COMMAND_READ_BUFFER, blocking, false, offset, size, ptr, count, list,
			   event);
}

cl_int CL_API_CALL vc_entry_clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset,
						 size_t size, const void *ptr, cl_uint count, const cl_event *list,
						 cl_event *event) {
	return move_buffer(queue, buffer, CL_COMMAND_WRITE_BUFFER, blocking, true, offset, size, (void *)(uintptr_t)ptr,
			   count, list, event);
}

/* Pitches of one side of a rectangle: 0 means packed. False if rows or slices would overlap. */
static bool fill_pitches(const size_t *region, size_t *row, size_t *slice) {
	if (*row == 0)
		*row = region[0];
	if (*row < region[0])
		return false;
	if (*slice == 0)
		*slice = *row * region[1];
	return *slice >= *row * region[1] && *slice % *row == 0;
}

static bool rect_fits(size_t size, const size_t *origin, const size_t *region, size_t row, size_t slice) {
	unsigned __int128 end = (unsigned __int128)(origin[2] + region[2] - 1) * slice +
				(unsigned __int128)(origin[1] + region[1] - 1) * row + origin[0] + region[0];
	return end <= size;
}

static cl_int move_rect(cl_command_queue queue, cl_mem mem, bool blocking, bool write, const size_t *origin,
			const size_t *user_origin, const size_t *region, size_t row, size_t slice, size_t user_row,
			size_t user_slice, void *ptr, cl_uint count, const cl_event *list, cl_event *event) {
	cl_int err = check_objects(queue, mem, false, count, list);
	if (err != CL_SUCCESS)
		return err;
	if (!ptr || !origin || !user_origin || !region || region[0] == 0 || region[1] == 0 || region[2] == 0 ||
	    !fill_pitches(region, &row, &slice) || !fill_pitches(region, &user_row, &user_slice) ||
	    !rect_fits(VC_OBJECT(mem)->mem.size, origin, region, row, slice))
		return CL_INVALID_VALUE;
	err = check_access(mem, write);
	if (err == CL_SUCCESS)
		err = check_alignment(queue, mem);
	if (err != CL_SUCCESS)
		return err;
	struct vc_move m = start_move(queue, mem, write ? CL_COMMAND_WRITE_BUFFER_RECT : CL_COMMAND_READ_BUFFER_RECT,
				      blocking, write);
	m.memory = in_memory(m.mem, origin[2] * slice + origin[1] * row + origin[0]);
	m.user = (uint8_t *)ptr + user_origin[2] * user_slice + user_origin[1] * user_row + user_origin[0];
	m.row = m.mem_row = row;
	m.slice = m.mem_slice = slice;
	m.user_row = user_row;
	m.user_slice = user_slice;
	m.bytes = region[0];
	m.rows = region[1];
	m.slices = region[2];
	memcpy(m.origin, origin, sizeof(m.origin));
	memcpy(m.region, region, sizeof(m.region));
	return vc_move(&m, count, list, event);
}

cl_int CL_API_CALL vc_entry_clEnqueueReadBufferRect(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
						    const size_t *buffer_origin, const size_t *host_origin,
						    const size_t *region, size_t buffer_row_pitch,
						    size_t buffer_slice_pitch, size_t host_row_pitch,
						    size_t host_slice_pitch, void *ptr, cl_uint count,
						    const cl_event *list, cl_event *event) {
	return move_rect(queue, buffer, blocking, false, buffer_origin, host_origin, region, buffer_row_pitch,
			 buffer_slice_pitch, host_row_pitch, host_slice_pitch, ptr, count, list, event);
}

cl_int CL_API_CALL vc_entry_clEnqueueWriteBufferRect(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
						     const size_t *buffer_origin, const size_t *host_origin,
						     const size_t *region, size_t buffer_row_pitch,
						     size_t buffer_slice_pitch, size_t host_row_pitch,
						     size_t host_slice_pitch, const void *ptr, cl_uint count,
						     const cl_event *list, cl_event *event) {
	return move_rect(queue, buffer, blocking, true, buffer_origin, host_origin, region, buffer_row_pitch,
			 buffer_slice_pitch, host_row_pitch, host_slice_pitch, (void *)(uintptr_t)ptr, count, list,
			 event);
}

/* Images. */

static bool region_fits(const struct vc_object *image, const size_t *origin, const size_t *region) {
	if (!origin || !region)
		return false;
	for (int i = 0; i < 3; i++)
		if (region[i] == 0 || origin[i] > image->mem.extent[i] || region[i] > image->mem.extent[i] - origin[i])
			return false;
	return true;
}

/* The move of a region of an image, without the program's side. */
static struct vc_move image_move(cl_command_queue queue, cl_mem image, cl_command_type type, bool blocking, bool write,
				 const size_t *origin, const size_t *region) {
	struct vc_move m = start_move(queue, image, type, blocking, write);
	const struct vc_object *o = m.mem;
	/* An array of 1D images has slices for rows. */
	bool lines = o->mem.type == CL_MEM_OBJECT_IMAGE1D_ARRAY;
	m.row = lines ? o->mem.slice_pitch : o->mem.row_pitch;
	m.slice = o->mem.slice_pitch;
	m.memory = in_memory(o, origin[2] * m.slice + origin[1] * m.row + origin[0] * o->mem.element);
	m.bytes = region[0] * o->mem.element;
	m.rows = region[1];
	m.slices = region[2];
	memcpy(m.origin, origin, sizeof(m.origin));
	memcpy(m.region, region, sizeof(m.region));
	return m;
}

static cl_int move_image(cl_command_queue queue, cl_mem image, bool blocking, bool write, const size_t *origin,
			 const size_t *region, size_t row, size_t slice, void *ptr, cl_uint count, const cl_event *list,
			 cl_event *event) {
	cl_int err = check_objects(queue, image, true, count, list);
	if (err != CL_SUCCESS)
		return err;
	if (!ptr || !region_fits(VC_OBJECT(image), origin, region))
		return CL_INVALID_VALUE;
	struct vc_move m = image_move(queue, image, write ? CL_COMMAND_WRITE_IMAGE : CL_COMMAND_READ_IMAGE, blocking,
				      write, origin, region);
	bool lines = m.mem->mem.type == CL_MEM_OBJECT_IMAGE1D_ARRAY;
	bool flat = m.mem->mem.type == CL_MEM_OBJECT_IMAGE1D || m.mem->mem.type == CL_MEM_OBJECT_IMAGE1D_BUFFER ||
		    m.mem->mem.type == CL_MEM_OBJECT_IMAGE2D;
	if (slice && flat)
		return CL_INVALID_VALUE;
	m.user = ptr;
	m.user_row = row ? row : m.bytes;
	m.user_slice = slice ? slice : m.user_row * m.rows;
	if (lines && slice)
		m.user_row = slice;
	err = check_access(image, write);
	return err == CL_SUCCESS ? vc_move(&m, count, list, event) : err;
}

cl_int CL_API_CALL vc_entry_clEnqueueReadImage(cl_command_queue queue, cl_mem image, cl_bool blocking,
					       const size_t *origin, const size_t *region, size_t row_pitch,
					       size_t slice_pitch, void *ptr, cl_uint count, const cl_event *list,
					       cl_event *event) {
	return move_image(queue, image, blocking, false, origin, region, row_pitch, slice_pitch, ptr, count, list,
			  event);
}

cl_int CL_API_CALL vc_entry_clEnqueueWriteImage(cl_command_queue queue, cl_mem image, cl_bool blocking,
						const size_t *origin, const size_t *region, size_t row_pitch,
						size_t slice_pitch, const void *ptr, cl_uint count,
						const cl_event *list, cl_event *event) {
	return move_image(queue, image, blocking, true, origin, region, row_pitch, slice_pitch, (void *)(uintptr_t)ptr,
			  count, list, event);
}

/* Maps. */

static const cl_map_flags writing = CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION;

static cl_int check_map(cl_mem mem, cl_map_flags flags) {
	cl_int err = flags & CL_MAP_READ ? check_access(mem, false) : CL_SUCCESS;
	return err == CL_SUCCESS && (flags & writing) ? check_access(mem, true) : err;
}

/* Maps what @m covers, @at bytes into the object. @shadow: where it is in the program's memory; else NULL. */
static void *map(struct vc_move *m, void *shadow, size_t at, cl_map_flags flags, cl_uint count, const cl_event *list,
		 cl_event *event, cl_int *err) {
	size_t size = m->bytes * m->rows * m->slices;
	struct vc_link *link = vc_call_link_alive();
	struct vc_map *entry = calloc(1, sizeof(*entry));
	*err = entry && link ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
	if (*err == CL_SUCCESS && shadow) {
		m->user = shadow;
		m->user_row = m->row ? m->row : m->bytes;
		m->user_slice = m->slice ? m->slice : m->user_row * m->rows;
	} else if (*err == CL_SUCCESS && m->memory) {
		m->user = m->mem->mem.alias ? (uint8_t *)m->mem->mem.host_ptr + at : m->memory;
		m->nothing = true;
	} else if (*err == CL_SUCCESS) {
		uint8_t *all = vc_staging_of(m->mem, m->mem->mem.size);
		m->user = all ? all + at : NULL;
		m->user_row = m->row ? m->row : m->bytes;
		m->user_slice = m->slice ? m->slice : m->user_row * m->rows;
		if (!m->user)
			*err = CL_MAP_FAILURE;
	}
	if (*err != CL_SUCCESS) {
		free(entry);
		return NULL;
	}
	*entry = (struct vc_map){
		.pointer = m->user, .copies = !m->nothing, .writes = (flags & writing) != 0, .move = *m};
	if (flags & CL_MAP_WRITE_INVALIDATE_REGION)
		m->nothing = true;
	*err = vc_move(m, count, list, event);
	if (*err != CL_SUCCESS) {
		free(entry);
		return NULL;
	}
	atomic_fetch_add_explicit(&link->channel->counters.bytes_mapped, size, memory_order_relaxed);
	pthread_mutex_lock(&lock);
	entry->next = m->mem->mem.maps;
	m->mem->mem.maps = entry;
	pthread_mutex_unlock(&lock);
	return entry->pointer;
}

static void *refuse(cl_int error, cl_int *errcode_ret) {
	if (errcode_ret)
		*errcode_ret = error;
	return NULL;
}

void *CL_API_CALL vc_entry_clEnqueueMapBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
					      cl_map_flags flags, size_t offset, size_t size, cl_uint count,
					      const cl_event *list, cl_event *event, cl_int *errcode_ret) {
	cl_int err = check_objects(queue, buffer, false, count, list);
	if (err == CL_SUCCESS &&
	    (size == 0 || offset > VC_OBJECT(buffer)->mem.size || size > VC_OBJECT(buffer)->mem.size - offset))
		err = CL_INVALID_VALUE;
	if (err == CL_SUCCESS)
		err = check_map(buffer, flags);
	if (err == CL_SUCCESS)
		err = check_alignment(queue, buffer);
	if (err != CL_SUCCESS)
		return refuse(err, errcode_ret);
	struct vc_move m = start_move(queue, buffer, CL_COMMAND_MAP_BUFFER, blocking, false);
	m.memory = in_memory(m.mem, offset);
	m.bytes = m.row = m.slice = m.region[0] = size;
	m.origin[0] = offset;
	void *shadow = m.mem->mem.shadow ? (char *)m.mem->mem.host_ptr + offset : NULL;
	void *pointer = map(&m, shadow, offset, flags, count, list, event, &err);
	if (errcode_ret)
		*errcode_ret = err;
	return pointer;
}

void *CL_API_CALL vc_entry_clEnqueueMapImage(cl_command_queue queue, cl_mem image, cl_bool blocking, cl_map_flags flags,
					     const size_t *origin, const size_t *region, size_t *row_pitch,
					     size_t *slice_pitch, cl_uint count, const cl_event *list, cl_event *event,
					     cl_int *errcode_ret) {
	cl_int err = check_objects(queue, image, true, count, list);
	if (err == CL_SUCCESS && (!row_pitch || !region_fits(VC_OBJECT(image), origin, region)))
		err = CL_INVALID_VALUE;
	bool sliced = err == CL_SUCCESS && (VC_OBJECT(image)->mem.type == CL_MEM_OBJECT_IMAGE3D ||
					    VC_OBJECT(image)->mem.type == CL_MEM_OBJECT_IMAGE1D_ARRAY ||
					    VC_OBJECT(image)->mem.type == CL_MEM_OBJECT_IMAGE2D_ARRAY);
	if (err == CL_SUCCESS && sliced && !slice_pitch)
		err = CL_INVALID_VALUE;
	if (err == CL_SUCCESS)
		err = check_map(image, flags);
	if (err != CL_SUCCESS)
		return refuse(err, errcode_ret);
	struct vc_move m = image_move(queue, image, CL_COMMAND_MAP_IMAGE, blocking, false, origin, region);
	const struct vc_object *o = m.mem;
	size_t at = origin[2] * m.slice + origin[1] * m.row + origin[0] * o->mem.element;
	void *shadow = o->mem.shadow ? (char *)o->mem.host_ptr + at : NULL;
	size_t row = o->mem.row_pitch, slice = o->mem.slice_pitch;
	void *pointer = map(&m, shadow, at, flags, count, list, event, &err);
	if (pointer) {
		*row_pitch = row;
		if (slice_pitch)
			*slice_pitch = sliced ? slice : 0;
	}
	if (errcode_ret)
		*errcode_ret = err;
	return pointer;
}

static struct vc_map *take_map(struct vc_object *mem, const void *pointer) {
	pthread_mutex_lock(&lock);
	struct vc_map **where = &mem->mem.maps;
	while (*where && (*where)->pointer != pointer)
		where = &(*where)->next;
	struct vc_map *entry = *where;
	if (entry)
		*where = entry->next;
	pthread_mutex_unlock(&lock);
	return entry;
}

cl_int CL_API_CALL vc_entry_clEnqueueUnmapMemObject(cl_command_queue queue, cl_mem mem, void *pointer, cl_uint count,
						    const cl_event *list, cl_event *event) {
	bool image = vc_object_is(mem, VC_CL_MEM) && VC_OBJECT(mem)->mem.type != CL_MEM_OBJECT_BUFFER;
	cl_int err = check_objects(queue, mem, image, count, list);
	if (err != CL_SUCCESS)
		return err;
	struct vc_map *entry = take_map(VC_OBJECT(mem), pointer);
	if (!entry)
		return CL_INVALID_VALUE;
	struct vc_move m = entry->move;
	m.queue = VC_OBJECT(queue);
	m.type = CL_COMMAND_UNMAP_MEM_OBJECT;
	m.blocking = false;
	m.write = true;
	m.nothing = !entry->copies || !entry->writes;
	err = vc_move(&m, count, list, event);
	free(entry);
	return err;
}

cl_uint vc_map_count(struct vc_object *mem) {
	cl_uint n = 0;
	pthread_mutex_lock(&lock);
	for (struct vc_map *m = mem->mem.maps; m; m = m->next)
		n++;
	pthread_mutex_unlock(&lock);
	return n;
}

void vc_memory_finish(struct vc_object *mem) {
	if (mem->mem.adopted)
		vc_adopt_end(mem->mem.host_ptr);
	while (mem->mem.maps) {
		struct vc_map *entry = mem->mem.maps;
		mem->mem.maps = entry->next;
		free(entry);
	}
}
